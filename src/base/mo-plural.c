/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The expression that chooses a plural form. */
#include <string.h>

#include "base/mo.h"

#define DEPTH_MAX 50

struct reading {
	const char *at;
	unsigned long n;
	unsigned depth;
	bool bad;
};

/* Longer signs first; a higher rank binds closer. */
enum operation { OR, AND, EQ, NE, LE, GE, LT, GT, ADD, SUB, MUL, DIV, MOD, NONE };
static const struct {
	const char *sign;
	unsigned rank;
} operations[] = {
	[OR] = {"||", 1}, [AND] = {"&&", 2}, [EQ] = {"==", 3}, [NE] = {"!=", 3}, [LE] = {"<=", 4},
	[GE] = {">=", 4}, [LT] = {"<", 4},   [GT] = {">", 4},  [ADD] = {"+", 5}, [SUB] = {"-", 5},
	[MUL] = {"*", 6}, [DIV] = {"/", 6},  [MOD] = {"%", 6},
};

static unsigned long choice(struct reading *r);

static void skip(struct reading *r)
{
	r->at += strspn(r->at, " \t");
}

static bool take(struct reading *r, char sign)
{
	skip(r);
	if (*r->at != sign) {
		return false;
	}
	r->at++;
	return true;
}

static unsigned long fail_at(struct reading *r)
{
	r->bad = true;
	return 0;
}

static unsigned long operand(struct reading *r)
{
	unsigned long value;
	guint64 number;
	char *end;

	if (r->bad || r->depth >= DEPTH_MAX) {
		return fail_at(r);
	}
	r->depth++;
	if (take(r, 'n')) {
		value = r->n;
	} else if (take(r, '!')) {
		value = operand(r) == 0;
	} else if (take(r, '(')) {
		value = choice(r);
		value = take(r, ')') ? value : fail_at(r);
	} else if (g_ascii_isdigit(*r->at)) {
		number = g_ascii_strtoull(r->at, &end, 10);
		r->at = end;
		value = number <= G_MAXINT32 ? (unsigned long)number : fail_at(r);
	} else {
		value = fail_at(r);
	}
	r->depth--;
	return value;
}

static enum operation next_operation(struct reading *r)
{
	skip(r);
	for (unsigned i = 0; i < NONE; i++) {
		if (strncmp(r->at, operations[i].sign, strlen(operations[i].sign)) == 0) {
			return (enum operation)i;
		}
	}
	return NONE;
}

static unsigned long calculate(struct reading *r, enum operation operation, unsigned long a,
			       unsigned long b)
{
	switch (operation) {
	case OR:
		return a != 0 || b != 0;
	case AND:
		return a != 0 && b != 0;
	case EQ:
		return a == b;
	case NE:
		return a != b;
	case LE:
		return a <= b;
	case GE:
		return a >= b;
	case LT:
		return a < b;
	case GT:
		return a > b;
	case ADD:
		return a + b;
	case SUB:
		return a - b;
	case MUL:
		return a * b;
	case DIV:
		return b != 0 ? a / b : fail_at(r);
	case MOD:
		return b != 0 ? a % b : fail_at(r);
	case NONE:
		break;
	}
	return fail_at(r);
}

/* Operators of at least this rank, from the left. */
static unsigned long binary(struct reading *r, unsigned rank)
{
	unsigned long value = operand(r);
	enum operation operation;

	while (!r->bad && (operation = next_operation(r)) != NONE &&
	       operations[operation].rank >= rank) {
		r->at += strlen(operations[operation].sign);
		value = calculate(r, operation, value, binary(r, operations[operation].rank + 1));
	}
	return value;
}

static unsigned long choice(struct reading *r)
{
	unsigned long condition = binary(r, 1), yes, no;

	if (!take(r, '?')) {
		return condition;
	}
	if (r->bad || r->depth >= DEPTH_MAX) {
		return fail_at(r);
	}
	r->depth++;
	yes = choice(r);
	no = take(r, ':') ? choice(r) : fail_at(r);
	r->depth--;
	return condition != 0 ? yes : no;
}

bool mo_plural(const char *expression, unsigned long n, unsigned long *form)
{
	struct reading r = {.at = expression, .n = n};
	unsigned long value = choice(&r);

	skip(&r);
	if (r.bad || (*r.at != '\0' && *r.at != ';')) {
		return false;
	}
	*form = value;
	return true;
}
