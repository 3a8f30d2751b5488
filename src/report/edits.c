/* SPDX-License-Identifier: Apache-2.0 */
#include "report/write.h"

int cf_report_edits_of(const struct cf_finding *finding, struct cf_arena **ret_arena,
                       struct cf_report_edits *ret_edits)
{
        *ret_arena = NULL;
        *ret_edits = (struct cf_report_edits){
                .refusal = finding->edit.refusal ? finding->edit.refusal : "TODO"};
        return 0;
}
