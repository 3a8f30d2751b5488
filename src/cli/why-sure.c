/* SPDX-License-Identifier: Apache-2.0 */
/* After the fact: how sure it is who refused a call, and why. The words are those of messages. */
#include "cli/why.h"

/* The kernel or auditd wrote down that a filter answered. */
static struct cf_why_sureness by_kernel(enum cf_why_verdict verdict)
{
        if (verdict == CF_WHY_OTHER)
                return (struct cf_why_sureness){"sure",
                                                "the line says that a filter answered it, and "
                                                "this profile lets every such call through"};
        if (verdict == CF_WHY_PERHAPS)
                return (struct cf_why_sureness){
                        "likely", "the line says that a filter answered it; whether this profile "
                                  "does depends on arguments, which it does not tell"};
        return (struct cf_why_sureness){
                "sure", "the line says that a filter answered it, and this profile refuses it"};
}

/* strace saw the call fail; filters are asked before the kernel looks at it. */
static struct cf_why_sureness by_trace(enum cf_why_verdict verdict)
{
        if (verdict == CF_WHY_REFUSED)
                return (struct cf_why_sureness){
                        "sure", "this profile, if it was in use, gives just this error before the "
                                "kernel looks at the call"};
        if (verdict == CF_WHY_PERHAPS)
                return (struct cf_why_sureness){
                        "perhaps", "this profile gives just this error for some values of "
                                   "arguments that the line does not tell"};
        return (struct cf_why_sureness){
                "sure", "this profile, if it was in use, gives no such call this error"};
}

/* A text names it, in a way that says that it failed. */
static struct cf_why_sureness by_text(enum cf_why_verdict verdict)
{
        if (verdict == CF_WHY_REFUSED)
                return (struct cf_why_sureness){
                        "likely", "the text names the call and the profile refuses it; a program "
                                  "may make others behind one name"};
        if (verdict == CF_WHY_PERHAPS)
                return (struct cf_why_sureness){
                        "perhaps", "the text names the call, and the profile refuses it with some "
                                   "arguments, which the text does not tell"};
        return (struct cf_why_sureness){
                "likely", "the text names the call, and the profile does not give it this error"};
}

struct cf_why_sureness cf_why_sureness(const struct cf_why_failure *failure,
                                       enum cf_why_verdict verdict)
{
        switch (failure->source) {
        case CF_WHY_LOGGED:
                return by_kernel(verdict);
        case CF_WHY_TRACED:
                return by_trace(verdict);
        case CF_WHY_TOLD:
                return by_text(verdict);
        default:
                return (struct cf_why_sureness){0};
        }
}
