/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for what is watched: until it ends, a signal or a time comes. Private to cli/. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "kernel/kernel.h"

#define CF_WATCH_PATIENCE 10 /* seconds between a polite request to end and the next one */

enum cf_watch_end {
        CF_WATCH_ENDED,   /* it ended by itself */
        CF_WATCH_TIME,    /* the time was over */
        CF_WATCH_STOPPED, /* SIGINT, SIGTERM or SIGHUP came */
};

struct cf_watch {
        /* What is wanted. */
        struct cf_observer *observer;
        pid_t pid;      /* 0: none, `tick` tells the end */
        bool child;     /* it is ours: it is told to end when the time is over, and waited for */
        bool adopts;    /* what it leaves behind when it ends becomes ours, and is told of */
        double seconds; /* 0: without limit */
        /* Takes in each event; NULL: they are passed over. 0, or negative to stop with that. */
        int (*seen)(void *context, const struct cf_observed *event);
        /* Called some times a second; NULL: not. 0; 1: what is watched has ended; or negative to
         * stop with that. */
        int (*tick)(void *context, double seconds, struct cf_error *err);
        /* Called before a child that did not end is killed: what it has had others start; NULL. */
        void (*insist)(void *context);
        void *context;
        void *insist_context;
        /* How it was. */
        enum cf_watch_end end;
        bool waited; /* for the child: `status` is as wait(2) gives it */
        int status;
        double lasted; /* seconds */
        size_t left;   /* with `adopts`: processes that it started and that did not end */
        pid_t left_pid;
        char left_name[17]; /* of one of them */
        /* Private. */
        sigset_t before;
        int signals;
};

/* From here on SIGINT, SIGTERM and SIGHUP wait for cf_watch_wait. A child sets its signal mask to
 * `before` itself (cf_watch_child). */
int cf_watch_open(struct cf_watch *watch, struct cf_error *err);
void cf_watch_close(struct cf_watch *watch);
/* In a child that becomes a command: signals as they were. */
void cf_watch_child(const struct cf_watch *watch);

/* Waits. A signal that the terminal did not send to the child as well is passed on to it. When the
 * time is over the child gets SIGTERM, and SIGKILL after CF_WATCH_PATIENCE seconds; so it does when
 * it does not end after a signal; further signals make it faster. 0 or negative; the child is
 * waited for in any case. */
int cf_watch_wait(struct cf_watch *watch, struct cf_error *err);
