/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entry point of assentd. */
int main(void)
{
	return 2;
}
