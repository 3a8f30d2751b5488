/* SPDX-License-Identifier: Apache-2.0 */
/* What git keeps outside of .gitignore files: the user's own excludes and those of a repository. */
#pragma once

#include "base/gitignore.h"

/* The user's excludes: the file that core.excludesFile names in the system's or the user's git
 * configuration (included files are not read), by default $XDG_CONFIG_HOME/git/ignore. *ret_rules
 * is NULL when there are none or they cannot be read. 0 or -ENOMEM. */
int cf_git_user_excludes(struct cf_gitignore **ret_rules);

/* The excludes of the repository whose work tree's top is the folder `dirfd`: info/exclude below
 * .git, or below what a .git file of a submodule or linked work tree leads to. As above. */
int cf_git_repository_excludes(int dirfd, struct cf_gitignore **ret_rules);

/* The value of `section`.`key` in the text of a git configuration file, the last one when there
 * are several; malloc'ed, NULL: none. 0 or -ENOMEM. */
int cf_git_config_value(struct cf_span text, const char *section, const char *key,
                        char **ret_value);
