/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entry point of assent-worker. */
int main(void)
{
	return 2;
}
