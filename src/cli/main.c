/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entry point of the command line. */
#include <libintl.h>
#include <locale.h>

#include "base/lang.h"
#include "cli/command.h"

int main(int argc, char **argv)
{
	(void)setlocale(LC_ALL, "");
	(void)bindtextdomain(PACKAGE, lang_folder());
	(void)bind_textdomain_codeset(PACKAGE, "UTF-8");
	(void)textdomain(PACKAGE);
	return cli_main(argc, argv);
}
