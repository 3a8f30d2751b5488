/* SPDX-License-Identifier: Apache-2.0 */
/* Filters as text. */
#include <linux/seccomp.h>

#include "filter/filter.h"
#include "filter/machine.h"

/* What is known of register A before an instruction, to say names instead of numbers. */
struct known {
        enum {
                A_UNREACHED,
                A_NUMBER, /* the call's number */
                A_ARCH,
                A_OTHER,
        } a;
        uint32_t token; /* the architecture that was compared with on every way here */
        bool has_token;
};

struct printer {
        struct cf_text *text;
        struct cf_filter filter;
        struct known known[CF_FILTER_MAX];
};

static void reach(struct printer *p, size_t pc, struct known known)
{
        if (pc >= p->filter.count)
                return;
        struct known *before = &p->known[pc];
        if (before->a == A_UNREACHED) {
                *before = known;
                return;
        }
        if (before->a != known.a)
                before->a = A_OTHER;
        if (before->token != known.token || !known.has_token)
                before->has_token = false;
}

static void follow(struct printer *p, size_t pc)
{
        const struct sock_filter *i = &p->filter.code[pc];
        struct known known = p->known[pc];
        if (known.a == A_UNREACHED)
                return;
        switch (BPF_CLASS(i->code)) {
        case BPF_RET:
                return;
        case BPF_JMP:
                if (BPF_OP(i->code) == BPF_JA) {
                        reach(p, pc + 1 + (size_t)i->k, known);
                        return;
                }
                reach(p, pc + 1 + i->jf, known);
                if (i->code == (BPF_JMP | BPF_JEQ | BPF_K) && known.a == A_ARCH) {
                        known.token = i->k;
                        known.has_token = true;
                }
                reach(p, pc + 1 + i->jt, known);
                return;
        case BPF_LD:
                known.a = A_OTHER;
                if (i->code == (BPF_LD | BPF_W | BPF_ABS) && i->k == 0)
                        known.a = A_NUMBER;
                else if (i->code == (BPF_LD | BPF_W | BPF_ABS) && i->k == 4)
                        known.a = A_ARCH;
                break;
        case BPF_ALU:
                known.a = A_OTHER;
                break;
        case BPF_MISC:
                if (BPF_MISCOP(i->code) != BPF_TAX)
                        known.a = A_OTHER;
                break;
        default:
                break;
        }
        reach(p, pc + 1, known);
}

static void print_word(struct cf_text *text, uint32_t offset)
{
        if (offset == offsetof(struct seccomp_data, nr))
                cf_text_puts(text, "number");
        else if (offset == offsetof(struct seccomp_data, arch))
                cf_text_puts(text, "architecture");
        else if (offset % 4 || offset >= sizeof(struct seccomp_data))
                cf_text_printf(text, "data[%u]", offset);
        else if (offset < offsetof(struct seccomp_data, args))
                cf_text_printf(text, "ip.%s", offset % 8 ? "high" : "low");
        else
                cf_text_printf(text, "arg%u.%s", (offset - 16) / 8, offset % 8 ? "high" : "low");
}

static void print_source(struct cf_text *text, const struct sock_filter *i)
{
        switch (BPF_MODE(i->code)) {
        case BPF_ABS:
                print_word(text, i->k);
                break;
        case BPF_MEM:
                cf_text_printf(text, "memory[%u]", i->k);
                break;
        case BPF_LEN:
                cf_text_printf(text, "%zu", sizeof(struct seccomp_data));
                break;
        default:
                cf_text_printf(text, "%#x", i->k);
                break;
        }
}

static void print_operand(struct cf_text *text, const struct sock_filter *i)
{
        if (BPF_SRC(i->code) == BPF_X)
                cf_text_puts(text, "x");
        else
                cf_text_printf(text, "%#x", i->k);
}

static void print_alu(struct cf_text *text, const struct sock_filter *i)
{
        static const char *const signs[] = {"+",  "-",  "*",  "/",  "|", "&",
                                            "<<", ">>", NULL, NULL, "^"};
        unsigned op = BPF_OP(i->code) >> 4;
        if (BPF_OP(i->code) == BPF_NEG) {
                cf_text_puts(text, "a = -a");
                return;
        }
        cf_text_printf(text, "a %s= ", op < CF_COUNT(signs) && signs[op] ? signs[op] : "?");
        print_operand(text, i);
}

/* The name of what A holds, if it is known to hold what has names. */
static const char *name_in(const struct known *known, uint32_t value)
{
        const struct cf_arch *arch;
        if (known->a == A_ARCH) {
                arch = cf_arch_of_call(value, 0);
                return arch ? arch->name : NULL;
        }
        if (known->a != A_NUMBER || !known->has_token)
                return NULL;
        arch = cf_arch_of_call(known->token, value);
        const struct cf_syscall *call = arch ? cf_syscall_by_number(arch, value) : NULL;
        return call ? call->name : NULL;
}

/* The constant of a comparison as a name. */
static const char *name_of(const struct printer *p, size_t pc)
{
        const struct sock_filter *i = &p->filter.code[pc];
        return BPF_SRC(i->code) == BPF_X ? NULL : name_in(&p->known[pc], i->k);
}

/* Where a jump goes, and what is returned there. */
static void print_target(const struct printer *p, size_t pc)
{
        const struct sock_filter *i = pc < p->filter.count ? &p->filter.code[pc] : NULL;
        cf_text_printf(p->text, "goto %zu", pc);
        if (!i || i->code != (BPF_RET | BPF_K))
                return;
        cf_text_puts(p->text, " (");
        cf_action_print(p->text, i->k);
        cf_text_putc(p->text, ')');
}

static void print_jump(struct printer *p, size_t pc)
{
        static const char *const signs[] = {NULL, "==", ">", ">=", "&"};
        const struct sock_filter *i = &p->filter.code[pc];
        unsigned op = BPF_OP(i->code) >> 4;
        if (BPF_OP(i->code) == BPF_JA) {
                print_target(p, pc + 1 + (size_t)i->k);
                return;
        }
        cf_text_printf(p->text, "if (a %s ", op < CF_COUNT(signs) ? signs[op] : "?");
        print_operand(p->text, i);
        cf_text_puts(p->text, ")");
        cf_text_puts(p->text, i->jt ? " " : " go on");
        if (i->jt)
                print_target(p, pc + 1 + i->jt);
        cf_text_puts(p->text, i->jf ? ", else " : ", else go on");
        if (i->jf)
                print_target(p, pc + 1 + i->jf);
        const char *name = name_of(p, pc);
        if (name)
                cf_text_printf(p->text, "  /* %s */", name);
}

static void print_return(struct cf_text *text, const struct sock_filter *i)
{
        cf_text_puts(text, "return ");
        if (BPF_RVAL(i->code) == BPF_A)
                cf_text_puts(text, "a");
        else
                cf_action_print(text, i->k);
}

static void print_instruction(struct printer *p, size_t pc)
{
        const struct sock_filter *i = &p->filter.code[pc];
        switch (BPF_CLASS(i->code)) {
        case BPF_LD:
        case BPF_LDX:
                cf_text_puts(p->text, BPF_CLASS(i->code) == BPF_LD ? "a = " : "x = ");
                print_source(p->text, i);
                break;
        case BPF_ST:
        case BPF_STX:
                cf_text_printf(p->text, "memory[%u] = %s", i->k,
                               BPF_CLASS(i->code) == BPF_ST ? "a" : "x");
                break;
        case BPF_ALU:
                print_alu(p->text, i);
                break;
        case BPF_JMP:
                print_jump(p, pc);
                break;
        case BPF_RET:
                print_return(p->text, i);
                break;
        default: /* BPF_MISC */
                cf_text_puts(p->text, BPF_MISCOP(i->code) == BPF_TAX ? "x = a" : "a = x");
                break;
        }
}

void cf_filter_print_noted(struct cf_text *text, struct cf_filter filter, const char *const *notes)
{
        struct printer p = {.text = text, .filter = filter};
        if (filter.count > CF_FILTER_MAX)
                p.filter.count = CF_FILTER_MAX;
        reach(&p, 0, (struct known){.a = A_OTHER});
        for (size_t pc = 0; pc < p.filter.count; pc++) {
                const struct sock_filter *i = &filter.code[pc];
                const char *why = cf_instruction_refused(i, p.filter.count - pc - 1);
                follow(&p, pc);
                cf_text_printf(text, "%4zu  ", pc);
                if (why)
                        cf_text_printf(text, "code 0x%04x, jt %u, jf %u, k %#x  /* refused: %s */",
                                       i->code, i->jt, i->jf, i->k, why);
                else
                        print_instruction(&p, pc);
                if (notes && notes[pc])
                        cf_text_printf(text, "  /* %s */", notes[pc]);
                cf_text_putc(text, '\n');
        }
}

void cf_filter_print(struct cf_text *text, struct cf_filter filter)
{
        cf_filter_print_noted(text, filter, NULL);
}

/* ---- A run ---------------------------------------------------------------------------------- */

#define EFFECT_COLUMN 72u

static void print_effect(struct printer *p, const struct cf_step *step)
{
        const struct sock_filter *i = &p->filter.code[step->at];
        const char *name = NULL;
        switch (BPF_CLASS(i->code)) {
        case BPF_RET:
                if (BPF_RVAL(i->code) == BPF_A)
                        cf_action_print(p->text, step->a);
                return;
        case BPF_JMP:
                if (BPF_OP(i->code) != BPF_JA)
                        cf_text_puts(p->text, step->next == step->at + 1 + i->jt ? "yes" : "no");
                return;
        case BPF_ST:
        case BPF_STX:
                cf_text_printf(p->text, "memory[%u] = %#x", i->k, step->memory[i->k]);
                return;
        case BPF_LDX:
                cf_text_printf(p->text, "x = %#x", step->x);
                return;
        case BPF_MISC:
                if (BPF_MISCOP(i->code) == BPF_TAX) {
                        cf_text_printf(p->text, "x = %#x", step->x);
                        return;
                }
                break;
        default:
                break;
        }
        if (step->next == step->at) {
                cf_text_puts(p->text, "divided by 0: KILL_THREAD");
                return;
        }
        if (step->next < p->filter.count)
                name = name_in(&p->known[step->next], step->a);
        cf_text_printf(p->text, "a = %#x", step->a);
        if (name)
                cf_text_printf(p->text, " (%s)", name);
}

static void print_step(void *context, const struct cf_step *step)
{
        struct printer *p = context;
        const struct sock_filter *i = &p->filter.code[step->at];
        bool says = i->code != (BPF_RET | BPF_K) && i->code != (BPF_JMP | BPF_JA);
        size_t start = p->text->size;
        cf_text_printf(p->text, "%4u  ", step->at);
        print_instruction(p, step->at);
        while (says && !p->text->failed && p->text->size - start < EFFECT_COLUMN)
                cf_text_putc(p->text, ' ');
        if (says)
                cf_text_puts(p->text, "  ");
        print_effect(p, step);
        cf_text_putc(p->text, '\n');
}

uint32_t cf_filter_print_run(struct cf_text *text, struct cf_filter filter,
                             const struct cf_call *call, uint32_t *ret_steps)
{
        struct printer p = {.text = text, .filter = filter};
        reach(&p, 0, (struct known){.a = A_OTHER});
        for (size_t pc = 0; pc < filter.count; pc++)
                follow(&p, pc);
        return cf_filter_run(filter, call, print_step, &p, ret_steps);
}
