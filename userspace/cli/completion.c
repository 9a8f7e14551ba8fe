// SPDX-License-Identifier: BSD-2-Clause
/*
 * weir completion: the few lines that make a shell ask this program what could
 * follow, so that what they know is never older than the program.
 */
#include <string.h>

#include "cli/complete.h"

static const char bash[] =
	"# weir's words for bash: source <(weir completion bash)\n"
	"_weir() {\n"
	"\tlocal line files='' current=${COMP_WORDS[COMP_CWORD]}\n"
	"\tCOMPREPLY=()\n"
	"\t[[ $current != '=' ]] || current=''\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tcase $line in\n"
	"\t\t:files) files=-f ;;\n"
	"\t\t:directories) files=-d ;;\n"
	"\t\t*) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
	"\t\tesac\n"
	"\tdone < <(\"${COMP_WORDS[0]}\" completion words -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
	"\tif [[ -n $files ]]; then\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\twhile IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(compgen \"$files\" -- \"$current\")\n"
	"\telif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then\n"
	"\t\tcompopt -o nospace 2>/dev/null\n"
	"\tfi\n"
	"}\n"
	"complete -F _weir weir\n";

static const char zsh[] =
	"#compdef weir\n"
	"# weir's words for zsh: as _weir in a directory of $fpath, or source <(weir completion zsh)\n"
	"_weir() {\n"
	"\tlocal line files\n"
	"\tlocal -a plain described\n"
	"\tfor line in \"${(@f)$(\"${words[1]}\" completion words -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\"; do\n"
	"\t\tcase $line in\n"
	"\t\t:files) files=_files ;;\n"
	"\t\t:directories) files='_files -/' ;;\n"
	"\t\t*$'\\t'*) described+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
	"\t\t?*) plain+=(\"$line\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\t(( $#described )) && _describe word described\n"
	"\t(( $#plain )) && compadd -a plain\n"
	"\t[[ -z $files ]] || ${=files}\n"
	"}\n"
	"if [[ $funcstack[1] == _weir ]]; then _weir \"$@\"; else compdef _weir weir; fi\n";

/* One a line, with its doc behind a tab; then whether files could stand there too. */
static void print_words(const struct invocation *invocation)
{
	struct candidates candidates _cleanup_(candidates_free) = {};

	complete((char *const *)invocation->arguments.items + 1, invocation->arguments.n - 1, &candidates);
	vec_for_each (candidate, &candidates.list) {
		if (candidate->doc)
			printf("%s\t%s\n", candidate->word, candidate->doc);
		else
			printf("%s\n", candidate->word);
	}
	if (candidates.files != FILES_NONE)
		puts(candidates.files == FILES_ANY ? ":files" : ":directories");
}

int command_completion(const struct invocation *invocation)
{
	const char *shell = invocation->arguments.items[0];

	if (strcmp(shell, "words") == 0)
		print_words(invocation);
	else if (invocation->arguments.n > 1)
		return wrong_usage(invocation, "\"%s\" is one argument too many", invocation->arguments.items[1]);
	else if (strcmp(shell, "bash") == 0)
		fputs(bash, stdout);
	else if (strcmp(shell, "zsh") == 0)
		fputs(zsh, stdout);
	else
		return wrong_usage(invocation, "unknown shell \"%s\" (one of: bash, zsh)", shell);
	return EXIT_DONE;
}
