/* SPDX-License-Identifier: Apache-2.0 */
#include "process/cgroup.h"
#include "process/process.h"
#include "unit.h"

#define ID "559c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2a3"
#define ID2 "2cbdd8e60d2d2ac5d567019b9ec9f03406ded2ca7b05901bc0f43070f0dd9333"
#define POD "pod0f1c3d7e_aaaa_bbbb_cccc_0123456789ab"

static void paths_of_engines(void **state)
{
        (void)state;
        static const struct {
                const char *path, *id, *engine;
        } rows[] = {
                /* Docker: cgroupfs driver, systemd driver, rootless, a --cgroup-parent, ECS */
                {"/docker/" ID, ID, "docker"},
                {"/system.slice/docker-" ID ".scope", ID, "docker"},
                {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", ID,
                 "docker"},
                {"/user.slice/user-1000.slice/user@1000.service/app.slice/docker.service/" ID, ID,
                 "docker"},
                {"/mine/" ID, ID, NULL},
                {"/ecs/8ab3e0a5f6/" ID, ID, "docker"},
                /* what runs inside may make cgroups of its own */
                {"/docker/" ID "/system.slice/cron.service", ID, "docker"},
                {"/docker/" ID "/init", ID, "docker"},
                {"/docker/" ID "/docker/" ID2, ID2, "docker"},
                {"/system.slice/docker-" ID ".scope/kubepods/besteffort/" POD "/" ID2, ID2,
                 "kubernetes"},
                {"/docker/" ID " (deleted)", ID, "docker"},
                /* Podman: both drivers, rootless, in a pod, --cgroups=split, a pod's slice */
                {"/libpod_parent/libpod-" ID, ID, "podman"},
                {"/machine.slice/libpod-" ID ".scope", ID, "podman"},
                {"/machine.slice/libpod-" ID ".scope/container", ID, "podman"},
                {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
                 ".scope/container",
                 ID, "podman"},
                {"/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", ID,
                 "podman"},
                {"/system.slice/web.service/libpod-payload-" ID, ID, "podman"},
                /* containerd and CRI-O below a kubelet, nerdctl, ctr */
                {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" POD
                 ".slice/cri-containerd-" ID ".scope",
                 ID, "containerd"},
                {"/kubepods/burstable/" POD "/" ID, ID, "kubernetes"},
                {"/kubelet.slice/kubelet-kubepods.slice/" POD "/" ID, ID, "kubernetes"},
                {"/kubepods.slice/kubepods-" POD ".slice/crio-" ID ".scope", ID, "cri-o"},
                {"/kubepods.slice/kubepods-" POD ".slice/crio-" ID ".scope/container", ID, "cri-o"},
                {"/kubepods/besteffort/" POD "/crio-" ID, ID, "cri-o"},
                {"/system.slice/containerd.service/kubepods-burstable-" POD
                 ".slice:cri-containerd:" ID,
                 ID, "containerd"},
                {"/system.slice/nerdctl-" ID ".scope", ID, "containerd"},
                {"/default/" ID, ID, "containerd"},
                {"/k8s.io/" ID, ID, "containerd"},
                /* builds */
                {"/docker/buildkit/0dk9f3jq2m5tz8v1x7c4b6n0q", "0dk9f3jq2m5tz8v1x7c4b6n0q",
                 "buildkit"},
                {"/machine.slice/buildah-buildah2213.scope", "buildah2213", "buildah"},
                /* LXC, LXD and systemd-nspawn know names, not ids */
                {"/lxc.payload.web", "web", "lxc"},
                {"/lxc.payload.web/system.slice/nginx.service", "web", "lxc"},
                {"/lxc/101/ns/init.scope", "101", "lxc"},
                {"/lxc.payload.web/docker/" ID, ID, "docker"},
                {"/machine.slice/systemd-nspawn@deb.service/payload/init.scope", "deb",
                 "systemd-nspawn"},
                {"/machine.slice/machine-deb.scope/payload", "deb", "systemd-nspawn"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                const char *path = NULL, *id = NULL, *engine = NULL;
                char *text = cf_arena_printf(arena, "0::%s\n", rows[i].path);
                assert_int_equal(cf_process_cgroup(arena, cf_span_of(text), &path, &id, &engine),
                                 0);
                if (!path || strcmp(path, rows[i].path) != 0 || !id ||
                    strcmp(id, rows[i].id) != 0 || !engine != !rows[i].engine ||
                    (engine && strcmp(engine, rows[i].engine) != 0))
                        fail_msg("%s: id %s of %s", rows[i].path, id, engine);
        }
}

static void paths_of_no_container(void **state)
{
        (void)state;
        static const char *const paths[] = {
                "/",
                "/init.scope",
                "/system.slice/docker.service",
                "/system.slice/containerd.service",
                "/user.slice/user-1000.slice/session-3.scope",
                /* monitors, supervisors, virtual machines */
                "/machine.slice/libpod-conmon-" ID ".scope",
                "/libpod_parent/libpod-conmon-" ID,
                "/libpod_parent/conmon",
                "/kubepods.slice/kubepods-" POD ".slice/crio-conmon-" ID ".scope",
                "/lxc.monitor.web",
                "/machine.slice/systemd-nspawn@deb.service/supervisor",
                "/machine.slice/machine-deb.scope/supervisor",
                "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope",
                "/machine.slice/machine-libpod_pod_" ID ".slice",
                "/user.slice/machine-deb.scope",
                /* nearly ids: short, long, upper case, another letter */
                "/docker/559c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2a",
                "/docker/" ID "0",
                "/docker/559C0A6175E18FBAD143CF07BEA7B7785F83D119584F11CBBB51A03FBF93F2A3",
                "/docker/559c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2ag",
                "/process_api/a1c42ceeeb30878ef20d47fe50f2d3e8",
        };
        for (size_t i = 0; i < CF_COUNT(paths); i++) {
                struct cf_cgroup_container found;
                size_t at = 0;
                if (cf_cgroup_next(cf_span_of(paths[i]), &at, &found))
                        fail_msg("%s: %.*s", paths[i], (int)found.id.size, found.id.data);
        }
}

static void outer_before_inner(void **state)
{
        (void)state;
        struct cf_span path = CF_SPAN("/docker/" ID "/docker/" ID2);
        struct cf_cgroup_container found;
        size_t at = 0;
        assert_true(cf_cgroup_next(path, &at, &found));
        assert_true(cf_span_is(found.id, ID));
        assert_true(cf_cgroup_next(path, &at, &found));
        assert_true(cf_span_is(found.id, ID2));
        assert_false(cf_cgroup_next(path, &at, &found));
        /* A parent that ended the walk before is known when it goes on. */
        path = CF_SPAN("/lxc/" ID "/lxc/web");
        at = 0;
        assert_true(cf_cgroup_next(path, &at, &found));
        assert_true(cf_cgroup_next(path, &at, &found));
        assert_true(cf_span_is(found.id, "web"));
        assert_string_equal(found.engine, "lxc");
}

static void the_line_that_says_most(void **state)
{
        (void)state;
        static const struct {
                const char *text, *path;
        } rows[] = {
                {"", ""},
                {"garbage\n", ""},
                {"0::/", "/"},
                {"0::/\n", "/"},
                {"0::/a\n", "/a"},
                /* v1 */
                {"9:name=systemd:/docker/" ID "\n8:pids:/docker/" ID "\n", "/docker/" ID},
                /* hybrid: the unified line says nothing */
                {"5:memory:/docker/" ID "\n0::/\n", "/docker/" ID},
                {"5:memory:/\n1:name=systemd:/user.slice\n0::/\n", "/user.slice"},
                {"5:memory:/x\n0::/user.slice\n", "/user.slice"},
                /* one controller moved elsewhere */
                {"5:cpu:/mine\n4:memory:/docker/" ID "\n0::/user.slice\n", "/docker/" ID},
                {"1:name=systemd:/a:b/c\n", "/a:b/c"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_span path = cf_cgroup_path(cf_span_of(rows[i].text));
                if (!cf_span_is(path, rows[i].path))
                        fail_msg("%s: %.*s", rows[i].text, (int)path.size, path.data);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(paths_of_engines),
                cmocka_unit_test(paths_of_no_container),
                cmocka_unit_test(outer_before_inner),
                cmocka_unit_test(the_line_that_says_most),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
