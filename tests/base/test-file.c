/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/text.h"
#include "unit.h"

/* A folder of its own for each test, which is the current one during it. */
static char folder[32];
static int back = -1;

static int enter(void **state)
{
        (void)state;
        snprintf(folder, sizeof(folder), "/tmp/confined-file-XXXXXX");
        back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return mkdtemp(folder) && chdir(folder) == 0 && back >= 0 ? 0 : -1;
}

/* What is in the current folder, temporary files counted apart. */
static size_t count_files(size_t *ret_temporary)
{
        size_t count = 0;
        CF_CLOSEDIR DIR *dir = opendir(".");
        assert_non_null(dir);
        *ret_temporary = 0;
        for (struct dirent *entry; (entry = readdir(dir));) {
                count += entry->d_name[0] != '.';
                *ret_temporary += strncmp(entry->d_name, ".confined-", 10) == 0;
        }
        return count;
}

static int leave(void **state)
{
        (void)state;
        size_t temporary;
        count_files(&temporary);
        CF_CLOSEDIR DIR *dir = opendir(".");
        for (struct dirent *entry; (entry = readdir(dir));)
                if (unlink(entry->d_name) < 0)
                        rmdir(entry->d_name);
        int r = fchdir(back);
        close(back);
        rmdir(folder);
        if (temporary)
                print_error("%zu temporary files were left\n", temporary);
        return r < 0 || temporary ? -1 : 0;
}

static void put_file(const char *path, const char *text)
{
        CF_FCLOSE FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
}

static void check_file(const char *path, const char *wanted)
{
        char buffer[256] = "";
        CF_FCLOSE FILE *file = fopen(path, "rb");
        assert_non_null(file);
        buffer[fread(buffer, 1, sizeof(buffer) - 1, file)] = '\0';
        assert_string_equal(buffer, wanted);
}

static struct cf_file_id id_of(const char *path)
{
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        return cf_file_id_of(&st);
}

static int replace(const char *path, const char *text, struct cf_error *err)
{
        struct cf_file_id id = id_of(path);
        return cf_file_replace(path, cf_span_of(text), &id, err);
}

static bool is_root(void)
{
        return geteuid() == 0;
}

static void skip_loudly(const char *why)
{
        print_message("SKIPPED: %s\n", why);
        skip();
}

/* ---- what is kept -------------------------------------------------------------------------------
 */

static void keeps_mode_and_owner(void **state)
{
        (void)state;
        static const mode_t modes[] = {0644, 0600, 0444, 0755, 02640, 04711, 01777};
        for (size_t i = 0; i < CF_COUNT(modes); i++) {
                struct stat before, after;
                put_file("f", "old");
                if (is_root())
                        assert_int_equal(chown("f", 12345, 54321), 0);
                assert_int_equal(chmod("f", modes[i]), 0);
                assert_int_equal(stat("f", &before), 0);
                assert_int_equal(replace("f", "new", NULL), 0);
                assert_int_equal(stat("f", &after), 0);
                check_file("f", "new");
                assert_int_equal(after.st_mode, before.st_mode);
                assert_int_equal(after.st_uid, before.st_uid);
                assert_int_equal(after.st_gid, before.st_gid);
                assert_int_not_equal(after.st_ino, before.st_ino);
                unlink("f");
        }
}

static void keeps_attributes(void **state)
{
        (void)state;
        /* user::rw- user:1:r-- group::r-- mask::r-- other::---, as the kernel stores it */
        static const unsigned char acl[] = {2,   0,   0,   0,   1,   0,   6,  0,   255, 255, 255,
                                            255, 2,   0,   4,   0,   1,   0,  0,   0,   4,   0,
                                            4,   0,   255, 255, 255, 255, 16, 0,   4,   0,   255,
                                            255, 255, 255, 32,  0,   0,   0,  255, 255, 255, 255};
        unsigned char got[128];
        put_file("f", "old");
        if (setxattr("f", "system.posix_acl_access", acl, sizeof(acl), 0) < 0)
                skip_loudly("no ACLs in /tmp");
        bool user = setxattr("f", "user.note", "kept", 4, 0) == 0;
        if (!user)
                print_message("no user attributes in /tmp: ACL checked alone\n");
        assert_int_equal(replace("f", "new", NULL), 0);
        assert_int_equal(getxattr("f", "system.posix_acl_access", got, sizeof(got)), sizeof(acl));
        assert_memory_equal(got, acl, sizeof(acl));
        if (user) {
                assert_int_equal(getxattr("f", "user.note", got, sizeof(got)), 4);
                assert_memory_equal(got, "kept", 4);
        }
}

static void keeps_links(void **state)
{
        (void)state;
        struct stat st;
        put_file("f", "old");
        assert_int_equal(mkdir("d", 0755), 0);
        assert_int_equal(symlink("../f", "d/one"), 0);
        assert_int_equal(symlink("d/one", "two"), 0);
        assert_int_equal(replace("two", "new", NULL), 0);
        check_file("f", "new");
        assert_int_equal(lstat("two", &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(lstat("d/one", &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(unlink("d/one"), 0);
}

/* ---- what is refused ----------------------------------------------------------------------------
 */

static void refuses_hard_links(void **state)
{
        (void)state;
        struct cf_error err = {0};
        put_file("f", "old");
        assert_int_equal(link("f", "g"), 0);
        assert_int_equal(replace("f", "new", &err), -EMLINK);
        assert_non_null(strstr(err.frames[0].message, "hard links"));
        assert_string_equal(err.frames[0].place.path, "f");
        check_file("f", "old");
        check_file("g", "old");
}

static void refuses_what_changed(void **state)
{
        (void)state;
        struct cf_error err = {0};
        put_file("f", "old");
        struct cf_file_id id = id_of("f");
        put_file("f", "longer");
        assert_int_equal(cf_file_replace("f", CF_SPAN("new"), &id, &err), -ESTALE);
        check_file("f", "longer");
        put_file("g", "other"); /* same size, another file */
        id = id_of("g");
        assert_int_equal(rename("f", "g"), 0);
        assert_int_equal(cf_file_replace("g", CF_SPAN("new"), &id, &err), -ESTALE);
        check_file("g", "longer");
        assert_int_equal(unlink("g"), 0);
        assert_int_equal(cf_file_replace("g", CF_SPAN("new"), &id, &err), -ESTALE);
        assert_int_equal(symlink("g", "g"), 0);
        assert_int_equal(cf_file_replace("g", CF_SPAN("new"), &id, &err), -ELOOP);
        assert_int_equal(unlink("g"), 0);
        assert_int_equal(mkfifo("g", 0600), 0);
        assert_int_equal(cf_file_replace("g", CF_SPAN("new"), &id, &err), -ESTALE);
}

static void *replace_meanwhile(void *argument)
{
        unsigned spins = *(unsigned *)argument;
        for (volatile unsigned i = 0; i < spins; i++)
                ;
        return rename("theirs", "f") == 0 ? NULL : argument;
}

/* Somebody else replaces the file at any moment: theirs is never lost. */
static void loses_no_race(void **state)
{
        (void)state;
        unsigned made = 0, refused = 0;
        for (unsigned i = 0; i < 400; i++) {
                pthread_t thread;
                unsigned spins = i * 97 % 40000;
                void *failed;
                put_file("theirs", "theirs");
                put_file("f", "old");
                struct cf_file_id id = id_of("f");
                assert_int_equal(pthread_create(&thread, NULL, replace_meanwhile, &spins), 0);
                int r = cf_file_replace("f", CF_SPAN("ours"), &id, NULL);
                assert_int_equal(pthread_join(thread, &failed), 0);
                assert_null(failed);
                assert_true(r == 0 || r == -ESTALE);
                made += r == 0;
                refused += r < 0;
                check_file("f", "theirs");
        }
        print_message("%u replaced before theirs, %u refused\n", made, refused);
}

/* As another user, who may write in the folder but not keep the owner. */
static void refuses_foreign_owner(void **state)
{
        (void)state;
        struct cf_error err = {0};
        if (!is_root())
                skip_loudly("needs root to become somebody else");
        put_file("f", "old");
        assert_int_equal(chmod("f", 0666), 0);
        assert_int_equal(chmod(".", 0777), 0);
        assert_int_equal(seteuid(65534), 0);
        int foreign = replace("f", "new", &err);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(foreign, -EPERM);
        assert_non_null(strstr(err.frames[0].message, "owner or attributes cannot be kept"));
        assert_int_equal(chmod(".", 0755), 0);
        assert_int_equal(seteuid(65534), 0);
        int closed = replace("f", "new", &err);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(closed, -EACCES);
        assert_non_null(strstr(err.frames[0].message, "no file can be made in its folder"));
        check_file("f", "old");
}

static void survives_a_full_disk(void **state)
{
        (void)state;
        struct cf_error err = {0};
        CF_TEXT struct cf_text large = {0};
        size_t temporary;
        if (!is_root())
                skip_loudly("needs root to mount a small disk");
        assert_int_equal(mkdir("disk", 0755), 0);
        if (mount("tmpfs", "disk", "tmpfs", 0, "size=64k") < 0)
                skip_loudly("cannot mount a tmpfs here");
        put_file("disk/f", "old");
        cf_text_repeat(&large, 'x', 1 << 20);
        int r = replace("disk/f", large.data, &err);
        check_file("disk/f", "old");
        assert_int_equal(chdir("disk"), 0);
        count_files(&temporary);
        assert_int_equal(chdir(".."), 0);
        assert_int_equal(umount2("disk", MNT_DETACH), 0);
        assert_int_equal(temporary, 0);
        assert_int_equal(r, -ENOSPC);
        assert_non_null(strstr(err.frames[0].message, "No space left"));
}

static void refuses_a_mount(void **state)
{
        (void)state;
        struct cf_error err = {0};
        if (!is_root())
                skip_loudly("needs root to mount");
        put_file("f", "old");
        put_file("below", "old");
        if (mount("below", "f", NULL, MS_BIND, NULL) < 0)
                skip_loudly("cannot mount here");
        int r = replace("f", "new", &err);
        check_file("f", "old");
        assert_int_equal(umount2("f", MNT_DETACH), 0);
        assert_int_equal(r, -EBUSY);
        assert_non_null(strstr(err.frames[0].message, "a mount of its own"));
}

/* ---- signals ------------------------------------------------------------------------------------
 */

static void leaves_nothing_when_ended(void **state)
{
        (void)state;
        size_t temporary;
        put_file("f", "old");
        for (unsigned i = 0; i < 40; i++) {
                pid_t child = fork();
                assert_true(child >= 0);
                if (child == 0)
                        for (;;)
                                replace("f", "new", NULL);
                usleep(500 + i * 137);
                assert_int_equal(kill(child, SIGTERM), 0);
                assert_int_equal(waitpid(child, NULL, 0), child);
                assert_int_equal(count_files(&temporary), 1);
                assert_int_equal(temporary, 0);
        }
        check_file("f", "new");
}

/* ---- any file
 * ------------------------------------------------------------------------------------ */

static void writes_new_files(void **state)
{
        (void)state;
        struct stat st;
        mode_t mask = umask(027);
        assert_int_equal(cf_file_write("f", CF_SPAN("new"), NULL), 0);
        umask(mask);
        assert_int_equal(stat("f", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        check_file("f", "new");
        assert_int_equal(cf_file_write("f", CF_SPAN("again"), NULL), 0);
        check_file("f", "again");
        assert_int_equal(cf_file_write("./none/f", CF_SPAN("x"), NULL), -ENOENT);
        assert_int_equal(cf_file_write("f/f", CF_SPAN("x"), NULL), -ENOTDIR);
        assert_int_equal(cf_file_write("", CF_SPAN("x"), NULL), -ENOENT);
}

static void keeps_other_content(void **state)
{
        (void)state;
        struct stat before, after;
        struct cf_error err = {0};
        assert_int_equal(cf_file_write_new("f", CF_SPAN("one"), NULL), 0);
        check_file("f", "one");
        assert_int_equal(stat("f", &before), 0);
        assert_int_equal(cf_file_write_new("f", CF_SPAN("one"), NULL), 0);
        assert_int_equal(stat("f", &after), 0);
        assert_int_equal(after.st_ino, before.st_ino);
        /* Longer, shorter, of the same length. */
        assert_int_equal(cf_file_write_new("f", CF_SPAN("one more"), &err), -EEXIST);
        assert_string_equal(err.frames[0].place.path, "f");
        assert_int_equal(cf_file_write_new("f", CF_SPAN("on"), NULL), -EEXIST);
        assert_int_equal(cf_file_write_new("f", CF_SPAN(""), NULL), -EEXIST);
        assert_int_equal(cf_file_write_new("f", CF_SPAN("two"), NULL), -EEXIST);
        check_file("f", "one");
        assert_int_equal(symlink("f", "link"), 0);
        assert_int_equal(cf_file_write_new("link", CF_SPAN("two"), NULL), -EEXIST);
        check_file("f", "one");
        put_file("empty", "");
        assert_int_equal(cf_file_write_new("empty", CF_SPAN("two"), NULL), 0);
        check_file("empty", "two");
        assert_int_equal(cf_file_write_new("none/f", CF_SPAN("x"), NULL), -ENOENT);
        assert_int_equal(cf_file_write_new(".", CF_SPAN("x"), NULL), -EISDIR);
        assert_int_equal(symlink("/dev/null", "null"), 0);
        assert_int_equal(cf_file_write_new("null", CF_SPAN("x"), NULL), 0);
}

static void writes_through(void **state)
{
        (void)state;
        struct stat st;
        struct cf_error err = {0};
        char got[8] = "";
        assert_int_equal(symlink("/dev/null", "null"), 0);
        assert_int_equal(cf_file_write("null", CF_SPAN("new"), NULL), 0);
        assert_int_equal(stat("null", &st), 0);
        assert_true(S_ISCHR(st.st_mode));
        assert_int_equal(lstat("null", &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(mkfifo("pipe", 0600), 0);
        CF_CLOSE int fd = open("pipe", O_RDONLY | O_NONBLOCK);
        assert_int_equal(cf_file_write("pipe", CF_SPAN("new"), NULL), 0);
        assert_int_equal(read(fd, got, sizeof(got)), 3);
        assert_int_equal(stat("pipe", &st), 0);
        assert_true(S_ISFIFO(st.st_mode));
        assert_int_equal(cf_file_write(".", CF_SPAN("new"), &err), -EISDIR);
        if (access("/dev/full", W_OK) == 0) {
                assert_int_equal(cf_file_write("/dev/full", CF_SPAN("new"), &err), -ENOSPC);
                assert_int_equal(stat("/dev/full", &st), 0);
                assert_true(S_ISCHR(st.st_mode));
        }
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
        const struct CMUnitTest tests[] = {
                in_folder(keeps_mode_and_owner),  in_folder(keeps_attributes),
                in_folder(keeps_links),           in_folder(refuses_hard_links),
                in_folder(refuses_what_changed),  in_folder(loses_no_race),
                in_folder(refuses_foreign_owner), in_folder(survives_a_full_disk),
                in_folder(refuses_a_mount),       in_folder(leaves_nothing_when_ended),
                in_folder(writes_new_files),      in_folder(writes_through),
                in_folder(keeps_other_content),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
