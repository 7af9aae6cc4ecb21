/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of keys. */
#include "base/conf-table.h"

#include <string.h>

#include "base/conf-shape.h"
#include "base/conf.h"
#include "base/cron.h"
#include "base/elevate.h"
#include "base/http-client.h"
#include "base/paths.h"
#include "core/statement.h"

#define DAY (INT64_C(24) * 3600)
#define YEAR (366 * DAY)

static const char *const window_words[] = {"allow", "deny", NULL};
static const char *const drift_words[] = {"fix", "propose", "report", NULL};
static const char *const drift_rule_words[] = {"fix", "propose", "report", "ignore", NULL};
static const char *const drift_field_words[] = {"content", "mode", "owner",   "group",
						"xattrs",  "link", "version", "enabled",
						"running", NULL};
static const char *const watch_words[] = {"auto", "inotify", "none", NULL};
static const char *const verify_words[] = {"none", "head", "all", NULL};
static const char *const risk_words[] = {"deletion", "secret", "root",	   "executable",
					 "cluster",  "size",   "unsigned", "interruption",
					 "history",  NULL};
static const char *const hook_words[] = {"github", "gitlab", "gitea", "forgejo", "bitbucket", NULL};
static const char *const kind_words[] = {"file",    "tree",    "directory",  "link", "package",
					 "service", "command", "kubernetes", NULL};
static const char *const action_words[] = {"create", "update",	"replace", "remove",
					   "start",  "stop",	"restart", "reload",
					   "enable", "disable", "run",	   NULL};

#define NOTIFY(key) .path = "notify.*." key
#define NOTIFY_ROWS(system, what)                                                                  \
	{NOTIFY(system), .help = what, .type = CONF_SECTION},                                      \
		{NOTIFY(system ".name"), .help = "Its name in messages, when there are several.",  \
		 .type = CONF_TEXT,	 AT(conf_notifier, name),                                  \
		 .example = system,	 .is_valid = conf_is_name,                                 \
		 .shape = "a name"},                                                               \
		{NOTIFY(system ".stacks"), .help = "Only what concerns these stacks is told.",     \
		 .type = CONF_NAMES, AT(conf_notifier, stacks), .example = "[web]"},               \
		{NOTIFY(system ".remind"),                                                         \
		 .help = "How often to remind of what still waits or is still wrong; 0s: never.",  \
		 .type = CONF_DURATION,                                                            \
		 AT(conf_notifier, remind),                                                        \
		 .dflt = "0s",                                                                     \
		 .min = 0,                                                                         \
		 .max = 30 * DAY},                                                                 \
		{NOTIFY(system ".burst"),                                                          \
		 .help = "More new messages than this within a minute are put into one.",          \
		 .type = CONF_COUNT,                                                               \
		 AT(conf_notifier, burst),                                                         \
		 .dflt = "5",                                                                      \
		 .min = 1,                                                                         \
		 .max = 1000},                                                                     \
	{                                                                                          \
		NOTIFY(system ".ca-file"),                                                         \
			.help = "Certificates to trust instead of the system's.",                  \
			.type = CONF_PATH, AT(conf_notifier, ca_file), .example = "ca.pem"         \
	}
#define SLACK_ID_SHAPE "an id of capital letters and digits"
#define NOTICE_URL_SHAPE "an https:// address (http:// for this host itself), without a user"

#define SOURCE(key) .path = "stacks.*.source." key
#define HTTP(key) .path = "http." key
#define STACK(key) .path = "stacks.*." key
#define KUBERNETES(key) .path = "kubernetes." key
#define AT(type, field) .offset = offsetof(struct type, field)
#define DRIFT_RULE(key) STACK("drift-rules.*" key)
#define STACK_RULE(key) STACK("rules.*" key)
#define COMMON_RULE(key) .path = "rules.*" key

/* A window of a stack, or of all. */
#define STACK_WINDOW(key) STACK("windows.*" key)
#define COMMON_WINDOW(key) .path = "windows.*" key
#define WINDOW(IN)                                                                                 \
	{IN(""), .help = "A window.", .type = CONF_SECTION},                                       \
		{IN(".kind"),                                                                      \
		 .help = "allow: only in such a window; deny: not in such a window, whatever "     \
			 "allows it.",                                                             \
		 .type = CONF_WORD,                                                                \
		 AT(conf_window, kind),                                                            \
		 .required = true,                                                                 \
		 .words = window_words,                                                            \
		 .example = "allow"},                                                              \
		{IN(".schedule"),                                                                  \
		 .help = "When it opens.",                                                         \
		 .type = CONF_TEXT,                                                                \
		 AT(conf_window, schedule),                                                        \
		 .required = true,                                                                 \
		 .example = "0 22 * * 1-5",                                                        \
		 .is_valid = cron_is_valid,                                                        \
		 .shape = "a cron expression: minute hour day month weekday, or @hourly, @daily "  \
			  "..."},                                                                  \
		{IN(".duration"),	.help = "How long it stays open.",                         \
		 .type = CONF_DURATION, AT(conf_window, duration),                                 \
		 .dflt = "1h",		.min = 60,                                                 \
		 .max = 31 * DAY},                                                                 \
	{                                                                                          \
		IN(".zone"), .help = "The zone of its clock.", .type = CONF_TEXT,                  \
			     AT(conf_window, zone), .dflt = "UTC", .is_valid = conf_is_zone,       \
			     .shape = "a time zone like Europe/Berlin"                             \
	}

/* The rows of a rule, which may stand in a stack or beside them. */
#define RULE(IN)                                                                                   \
	{IN(""), .help = "A rule.", .type = CONF_SECTION},                                         \
		{IN(".match"),                                                                     \
		 .help = "Which changes the rule is for; all that is stated must fit.",            \
		 .type = CONF_SECTION},                                                            \
		{IN(".match.risk"),                                                                \
		 .help = "Changes of this risk class. All changes of a plan are of the classes "   \
			 "size (many changes), unsigned (a commit without a good signature) and "  \
			 "history (it was rewritten) when the plan is; interruption is what "      \
			 "starts, stops or restarts.",                                             \
		 .type = CONF_WORD,                                                                \
		 AT(conf_rule, risk),                                                              \
		 .example = "deletion",                                                            \
		 .words = risk_words},                                                             \
		{IN(".match.kind"), .help = "Changes by a resource of this kind.",                 \
		 .type = CONF_WORD, AT(conf_rule, kind),                                           \
		 .example = "file", .words = kind_words},                                          \
		{IN(".match.path"),                                                                \
		 .help = "Changes of paths that match: * within a folder, ** across folders.",     \
		 .type = CONF_TEXT, AT(conf_rule, path), .example = "~/app/**"},                   \
		{IN(".match.action"), .help = "Changes of this action.",                           \
		 .type = CONF_WORD,   AT(conf_rule, action),                                       \
		 .example = "remove", .words = action_words},                                      \
		{IN(".match.namespace"), .help = "Changes in this namespace of a cluster.",        \
		 .type = CONF_TEXT, AT(conf_rule, namespace), .example = "kube-system"},           \
		{IN(".required"),    .help = "How many people must approve such a change.",        \
		 .type = CONF_COUNT, AT(conf_approval, required),                                  \
		 .example = "1",     .min = 0,                                                     \
		 .max = 100},                                                                      \
		{IN(".from"), .help = "People and groups who may approve such a change.",          \
		 .type = CONF_NAMES, AT(conf_approval, from), .example = "[alice]"},               \
		{IN(".channels"),                                                                  \
		 .help = "By which channels they may decide about such a change. Many deletions "  \
			 "and the risks secret, root, cluster and history take signatures alone, " \
			 "unless a rule that matches this very risk says otherwise.",              \
		 .type = CONF_NAMES,                                                               \
		 AT(conf_approval, channels),                                                      \
		 .example = "[signature]",                                                         \
		 .words = channel_names},                                                          \
		{IN(".quiet"),                                                                     \
		 .help = "How long nobody may reject until such a change is approved; 0s: never. " \
			 "The longest wins, and never wins over all.",                             \
		 .type = CONF_DURATION,                                                            \
		 AT(conf_approval, quiet),                                                         \
		 .example = "10m",                                                                 \
		 .min = 0,                                                                         \
		 .max = YEAR},                                                                     \
		{IN(".expires"),                                                                   \
		 .help = "How long a plan with such a change waits.",                              \
		 .type = CONF_DURATION,                                                            \
		 AT(conf_approval, expires),                                                       \
		 .example = "1h",                                                                  \
		 .min = 1,                                                                         \
		 .max = YEAR},                                                                     \
	{                                                                                          \
		IN(".author-may-approve"),                                                         \
			.help = "Whether the author of a commit counts as approver of such a "     \
				"change.",                                                         \
			.type = CONF_BOOL, AT(conf_approval, author_may_approve),                  \
			.example = "false"                                                         \
	}

const struct conf_key conf_keys[] = {
	{.path = "agent",
	 .help = "The agent's name in plans, notices and the log; it cannot be changed later.",
	 .type = CONF_TEXT,
	 AT(conf, agent),
	 .required = true,
	 .reload = CONF_RESTART,
	 .example = "web1.example.org",
	 .is_valid = conf_is_agent_name,
	 .shape = "letters, digits and . / - _ ~, like a host's name"},
	{.path = "state",
	 .help = "Folder of the log, the keys, the mirrors and all that the agent remembers.",
	 .type = CONF_PATH,
	 AT(conf, state_dir),
	 .reload = CONF_RESTART,
	 .computed = paths_state},
	{.path = "socket",
	 .help = "Socket on which the command line reaches the agent.",
	 .type = CONF_PATH,
	 AT(conf, socket),
	 .reload = CONF_RESTART,
	 .computed = paths_socket},
	{.path = "allowed-signers",
	 .help = "The approver list: who may sign, with which key. See ssh-keygen(1), ALLOWED "
		 "SIGNERS.",
	 .type = CONF_PATH,
	 AT(conf, allowed_signers),
	 .dflt = "allowed_signers"},
	{.path = "trust",
	 .help = "The trust file of the worker, which verifies plans and approvals by itself.",
	 .type = CONF_PATH,
	 AT(conf, trust),
	 .dflt = "trust.yaml"},
	{.path = "worker",
	 .help = "The program that fetches, plans and applies, when not the installed one.",
	 .type = CONF_PATH,
	 AT(conf, worker),
	 .example = PKGLIBEXECDIR "/assent-worker"},
	{.path = "labels",
	 .help = "Names and values by which a manifest's hosts: chooses.",
	 .type = CONF_MAP},
	{.path = "labels.*", .help = "A label's value.", .type = CONF_TEXT, .example = "web"},
	{.path = "stacks", .help = "What is deployed: one entry for each place.", .type = CONF_MAP},
	{.path = "stacks.*", .help = "A stack and its name.", .type = CONF_SECTION},
	{STACK("source"), .help = "Where the desired state is.", .type = CONF_SECTION},
	{SOURCE("url"),
	 .help = "The repository. A password does not belong here: see password-file.",
	 .type = CONF_TEXT, AT(conf_source, url), .required = true,
	 .example = "https://git.example.org/ops.git", .is_valid = conf_is_url,
	 .shape = "https://, http://, ssh:// or file:// and a path, or host:path, without a "
		  "password"},
	{SOURCE("fallbacks"),
	 .help = "Other addresses of the same repository, tried in their order when the first does "
		 "not answer; with the same credentials.",
	 .type = CONF_NAMES, AT(conf_source, fallbacks),
	 .example = "[https://mirror.example.org/ops.git]", .is_valid = conf_is_url,
	 .shape = "a repository's address, without a password"},
	{SOURCE("branch"), .help = "The branch that is watched.", .type = CONF_TEXT,
	 AT(conf_source, branch), .dflt = "main", .is_valid = conf_is_branch,
	 .shape = "a branch's name without refs/heads/"},
	{SOURCE("path"), .help = "The folder of the repository that holds the stack's assent.yaml.",
	 .type = CONF_TEXT, AT(conf_source, path), .dflt = ".", .is_valid = conf_is_folder,
	 .shape = "a folder inside the repository like hosts/web1, without .. and without / at its "
		  "ends"},
	{SOURCE("interval"), .help = "How often to fetch; some jitter is added.",
	 .type = CONF_DURATION, AT(conf_source, interval), .dflt = "1m", .min = 1, .max = 30 * DAY},
	{SOURCE("timeout"), .help = "A fetch that takes longer is ended.", .type = CONF_DURATION,
	 AT(conf_source, timeout), .dflt = "5m", .min = 1, .max = DAY},
	{SOURCE("backoff-max"), .help = "The longest pause between fetches that fail.",
	 .type = CONF_DURATION, AT(conf_source, backoff_max), .dflt = "15m", .min = 1,
	 .max = 30 * DAY},
	{SOURCE("username"), .help = "User name for http and https.", .type = CONF_TEXT,
	 AT(conf_source, username), .example = "deploy"},
	{SOURCE("password-file"), .help = "File with the password; only its owner may read it.",
	 .type = CONF_PATH, AT(conf_source, password_file), .example = "git-password"},
	{SOURCE("token-file"), .help = "File with a bearer token; only its owner may read it.",
	 .type = CONF_PATH, AT(conf_source, token_file), .example = "git-token"},
	{SOURCE("credential-helper"),
	 .help = "A git credential helper that is asked for user name and password.",
	 .type = CONF_TEXT, AT(conf_source, credential_helper), .example = "store"},
	{SOURCE("ca-file"),
	 .help = "Certificates of the authorities to trust, instead of the system's.",
	 .type = CONF_PATH, AT(conf_source, ca_file), .example = "ca.pem"},
	{SOURCE("proxy"), .help = "A proxy for http and https.", .type = CONF_TEXT,
	 AT(conf_source, proxy), .example = "http://proxy.example.org:3128"},
	{SOURCE("ssh-command"), .help = "The ssh program and its options.", .type = CONF_TEXT,
	 AT(conf_source, ssh_command), .example = "ssh -F none"},
	{SOURCE("max-bytes"), .help = "A fetch that would transfer more is ended.",
	 .type = CONF_BYTES, AT(conf_source, max_bytes), .dflt = "1G", .min = 4096,
	 .max = INT64_C(1) << 40},
	{SOURCE("verify"),
	 .help = "Which commits must be signed: none; head, the one to be applied; all, every one "
		 "since what was applied last.",
	 .type = CONF_WORD, AT(conf_source, verify), .dflt = "none", .words = verify_words},
	{SOURCE("signers"),
	 .help = "Who may sign commits with an SSH key: as git's gpg.ssh.allowedSignersFile.",
	 .type = CONF_PATH, AT(conf_source, signers), .example = "commit_signers"},
	{SOURCE("revoked-keys"),
	 .help = "SSH keys that count no more: as git's gpg.ssh.revocationFile.", .type = CONF_PATH,
	 AT(conf_source, revoked_keys), .example = "revoked_keys"},
	{SOURCE("openpgp-keys"),
	 .help = "Armored OpenPGP keys of those who may sign commits; gpg verifies.",
	 .type = CONF_PATH, AT(conf_source, openpgp_keys), .example = "commit-keys.asc"},
	{SOURCE("signatures"),
	 .help = "How many different people must have signed what is applied, with verify.",
	 .type = CONF_COUNT, AT(conf_source, signatures), .dflt = "1", .min = 1, .max = 100},
	{STACK("approval"), .help = "Who must agree before anything changes.",
	 .type = CONF_SECTION},
	{STACK("approval.required"),
	 .help = "How many people must approve; 0 applies without asking.", .type = CONF_COUNT,
	 AT(conf_approval, required), .dflt = "1", .min = 0, .max = 100},
	{STACK("approval.from"), .help = "People and groups who may approve.", .type = CONF_NAMES,
	 AT(conf_approval, from), .example = "[ops]"},
	{STACK("approval.expires"), .help = "How long a plan waits for its approvals.",
	 .type = CONF_DURATION, AT(conf_approval, expires), .dflt = "24h", .min = 1, .max = YEAR},
	{STACK("approval.author-may-approve"),
	 .help = "Whether the author of a commit counts as approver of its plan.",
	 .type = CONF_BOOL, AT(conf_approval, author_may_approve), .dflt = "false"},
	{STACK("approval.channels"),
	 .help = "By which channels people may decide. All but signature are the agent's word for "
		 "it, and need 'attested' in the trust file.",
	 .type = CONF_NAMES, AT(conf_approval, channels), .dflt = "[signature]",
	 .words = channel_names},
	{STACK("approval.quiet"),
	 .help = "A plan that nobody rejects for this long is approved by the policy; 0s: never. "
		 "Needs 'minimum: 0' in the trust file.",
	 .type = CONF_DURATION, AT(conf_approval, quiet), .dflt = "0s", .min = 0, .max = YEAR},
	{STACK("approval.break-glass"),
	 .help = "People and groups who may decide for all in an emergency, by signature and with "
		 "a "
		 "reason: no other vote and no window counts. Needs 'break_glass: true' in the "
		 "trust file.",
	 .type = CONF_NAMES, AT(conf_approval, break_glass), .example = "[alice]"},
	{STACK("approval.deletion-threshold"),
	 .help = "More deletions than this are many: they need an approval whatever the rules say, "
		 "by signature.",
	 .type = CONF_COUNT, AT(conf_approval, deletion_threshold), .dflt = "10", .min = 0,
	 .max = 1000000},
	{STACK("approval.deletion-share"),
	 .help = "So are more than three that are over this share, in percent, of what the "
		 "manifest "
		 "declares.",
	 .type = CONF_COUNT, AT(conf_approval, deletion_share), .dflt = "25", .min = 0, .max = 100},
	{STACK("approval.size-threshold"),
	 .help = "A plan with more changes than this is of the risk class size.",
	 .type = CONF_COUNT, AT(conf_approval, size_threshold), .dflt = "100", .min = 0,
	 .max = 1000000},
	{STACK("rules"),
	 .help = "Other approvals for some changes. The strictest of the rules that match wins; "
		 "what a rule does not state is the stack's.",
	 .type = CONF_LIST},
	RULE(STACK_RULE),
	{STACK("hook"),
	 .help = "A push hook, POST /hooks/NAME of the section http: whoever knows its secret "
		 "makes "
		 "the agent fetch.",
	 .type = CONF_SECTION},
	{STACK("hook.secret"), .help = "The secret that the forge signs with or sends.",
	 .type = CONF_SECRET, AT(conf_hook, secret), .required = true,
	 .example = "file:hook-secret"},
	{STACK("hook.kind"), .help = "The forge that sends it.", .type = CONF_WORD,
	 AT(conf_hook, kind), .required = true, .example = "github", .words = hook_words},
	{STACK("hook.interval"),
	 .help = "The hook fetches at most once in this time; what comes meanwhile is one fetch at "
		 "its end.",
	 .type = CONF_DURATION, AT(conf_hook, interval), .dflt = "10s", .min = 1, .max = DAY},
	{STACK("windows"),
	 .help = "When approved plans may be applied; without one always. A plan waits until a "
		 "window lets it through.",
	 .type = CONF_LIST},
	WINDOW(STACK_WINDOW),
	{STACK("after"),
	 .help = "Other stacks that must have converged before a plan of this one is applied.",
	 .type = CONF_NAMES, AT(conf_stack, after), .example = "[]"},
	{STACK("on-drift"),
	 .help = "When something was changed by others: fix restores at once what was approved "
		 "(needs 'restore: true' in the trust file), propose makes a plan that restores "
		 "it, "
		 "report only tells.",
	 .type = CONF_WORD, AT(conf_stack, on_drift), .dflt = "propose", .words = drift_words},
	{STACK("drift-interval"),
	 .help = "How often to look at everything, besides what the kernel tells of changes.",
	 .type = CONF_DURATION, AT(conf_stack, drift_interval), .dflt = "5m", .min = 1,
	 .max = 30 * DAY},
	{STACK("drift-watch"),
	 .help = "Whether the kernel is asked to tell of changes: auto takes fanotify where it "
		 "may, "
		 "which also tells who, and else inotify.",
	 .type = CONF_WORD, AT(conf_stack, drift_watch), .dflt = "auto", .words = watch_words},
	{STACK("drift-rules"),
	 .help = "What to do when some resources drift; the first rule that fits counts, and "
		 "'on-drift' without one.",
	 .type = CONF_LIST},
	{DRIFT_RULE(""), .help = "A rule.", .type = CONF_SECTION},
	{DRIFT_RULE(".kind"), .help = "Resources of this kind.", .type = CONF_WORD,
	 AT(conf_drift_rule, kind), .example = "file", .words = kind_words},
	{DRIFT_RULE(".path"), .help = "Paths that match: * within a folder, ** across folders.",
	 .type = CONF_TEXT, AT(conf_drift_rule, path), .example = "~/app/cache/**"},
	{DRIFT_RULE(".resource"), .help = "Resources whose id matches.", .type = CONF_TEXT,
	 AT(conf_drift_rule, resource), .example = "service:app.service"},
	{DRIFT_RULE(".fields"),
	 .help = "Only when nothing but these differs; with ignore: these are not looked at.",
	 .type = CONF_NAMES, AT(conf_drift_rule, fields), .example = "[mode]",
	 .words = drift_field_words},
	{DRIFT_RULE(".on-drift"), .help = "What to do; ignore is not even told.", .type = CONF_WORD,
	 AT(conf_drift_rule, on_drift), .required = true, .example = "ignore",
	 .words = drift_rule_words},
	{STACK("alert-after"),
	 .help = "What is still wrong after this time (drift, failures) is an alert on every "
		 "channel, then reminders with growing gaps, then word that it is over; 0s: never.",
	 .type = CONF_DURATION, AT(conf_stack, alert_after), .dflt = "2m", .min = 0,
	 .max = 30 * DAY},
	{STACK("alert-remind"),
	 .help = "The gap before an alert's first reminder; each next one is twice as long, up to "
		 "a day.",
	 .type = CONF_DURATION, AT(conf_stack, alert_remind), .dflt = "1h", .min = 60,
	 .max = 30 * DAY},
	{STACK("suspend"), .help = "What suspending this stack takes.", .type = CONF_SECTION},
	{STACK("suspend.reason"), .help = "Whether a reason must be given.", .type = CONF_BOOL,
	 AT(conf_suspend, reason), .dflt = "true"},
	{STACK("suspend.until"), .help = "Whether an end must be given.", .type = CONF_BOOL,
	 AT(conf_suspend, until), .dflt = "false"},
	{STACK("suspend.longest"),
	 .help = "The longest time that may be asked for, which also counts when none is; 0s: "
		 "without end.",
	 .type = CONF_DURATION, AT(conf_suspend, longest), .dflt = "7d", .min = 0, .max = YEAR},
	{STACK("suspend.remind"), .help = "How long before its end people are reminded.",
	 .type = CONF_DURATION, AT(conf_suspend, remind), .dflt = "15m", .min = 0, .max = 30 * DAY},
	{STACK("plan-timeout"), .help = "Making a plan that takes longer is ended.",
	 .type = CONF_DURATION, AT(conf_stack, plan_timeout), .dflt = "10m", .min = 1, .max = DAY},
	{STACK("apply-timeout"),
	 .help = "An apply that takes longer is stopped; what was begun is finished or undone.",
	 .type = CONF_DURATION, AT(conf_stack, apply_timeout), .dflt = "1h", .min = 1,
	 .max = 7 * DAY},
	{STACK("elevate"),
	 .help = "How the worker becomes root to apply this stack's plans, when the agent is a "
		 "user's. It then believes root's own trust file alone; see doc/elevate.md.",
	 .type = CONF_WORD, AT(conf_stack, elevate), .dflt = "none", .words = elevate_names},
	{STACK("kubernetes"),
	 .help = "What of the clusters this stack may touch; without this section nothing. A "
		 "commit "
		 "cannot widen it.",
	 .type = CONF_SECTION},
	{STACK("kubernetes.clusters"),
	 .help = "The clusters, by their names in kubernetes.clusters. When it is one, manifests "
		 "need not name it.",
	 .type = CONF_NAMES, AT(conf_stack_kubernetes, clusters), .required = true,
	 .example = "[prod]"},
	{STACK("kubernetes.namespaces"),
	 .help = "Only these namespaces; * and ? stand for others. Without this key all.",
	 .type = CONF_NAMES, AT(conf_stack_kubernetes, namespaces), .example = "[shop]",
	 .is_valid = conf_is_namespace_pattern,
	 .shape = "a namespace of small letters, digits and -, maybe with * and ?"},
	{STACK("kubernetes.cluster-scoped"),
	 .help = "Whether it may touch what is in no namespace, too: namespaces themselves, custom "
		 "kinds, cluster roles. Without this key only when 'namespaces' names none.",
	 .type = CONF_BOOL, AT(conf_stack_kubernetes, cluster_scoped), .example = "false"},
	{STACK("kubernetes.as"),
	 .help = "The user in whose name the clusters are asked (impersonation), so that their own "
		 "rules limit this stack.",
	 .type = CONF_TEXT, AT(conf_stack_kubernetes, as),
	 .example = "system:serviceaccount:shop:deployer", .is_valid = conf_is_account,
	 .shape = "a user's name of printable ASCII without spaces"},
	{STACK("kubernetes.as-groups"), .help = "That user's groups.", .type = CONF_NAMES,
	 AT(conf_stack_kubernetes, as_groups), .example = "[deployers]",
	 .is_valid = conf_is_account, .shape = "a group's name of printable ASCII without spaces"},
	{STACK("kubernetes.events"),
	 .help = "Whether an apply writes an Event on each object that it has changed, for kubectl "
		 "to show.",
	 .type = CONF_BOOL, AT(conf_stack_kubernetes, events), .dflt = "true"},
	{.path = "kubernetes", .help = "Clusters, and how to reach them.", .type = CONF_SECTION},
	{KUBERNETES("clusters"), .help = "The clusters and their names.", .type = CONF_MAP},
	{KUBERNETES("clusters.*"), .help = "A cluster.", .type = CONF_SECTION},
	{KUBERNETES("clusters.*.kubeconfig"),
	 .help = "The kubeconfig file. Without this key those of $KUBECONFIG, or ~/.kube/config.",
	 .type = CONF_PATH, AT(conf_cluster, kubeconfig), .example = "kubeconfig"},
	{KUBERNETES("clusters.*.context"),
	 .help = "The context in that file. Without this key the one with the cluster's name.",
	 .type = CONF_TEXT, AT(conf_cluster, context), .example = "admin@prod"},
	{KUBERNETES("clusters.*.in-cluster"),
	 .help = "The cluster in which the agent itself runs, by its pod's service account.",
	 .type = CONF_BOOL, AT(conf_cluster, in_cluster), .dflt = "false"},
	{KUBERNETES("exec-plugins"),
	 .help = "Programs that a kubeconfig's exec may run for credentials; all others are "
		 "refused.",
	 .type = CONF_NAMES, AT(conf_kubernetes, exec_plugins),
	 .example = "[/usr/local/bin/aws-iam-authenticator]", .is_valid = conf_is_program,
	 .shape = "the absolute path of a program"},
	{KUBERNETES("leader-election"),
	 .help = "Of several agents with this section the one that holds the Lease acts; the "
		 "others "
		 "fetch, plan, apply and tell nothing. A change needs a restart.",
	 .type = CONF_SECTION},
	{KUBERNETES("leader-election.cluster"),
	 .help = "The cluster in which the Lease is, by its name in kubernetes.clusters.",
	 .type = CONF_TEXT, AT(conf_leader, cluster), .required = true, .example = "prod"},
	{KUBERNETES("leader-election.namespace"), .help = "The Lease's namespace.",
	 .type = CONF_TEXT, AT(conf_leader, namespace), .required = true, .example = "assent",
	 .is_valid = conf_is_object_name, .shape = "a namespace of small letters, digits and -"},
	{KUBERNETES("leader-election.name"), .help = "The Lease's name.", .type = CONF_TEXT,
	 AT(conf_leader, name), .dflt = "assent", .is_valid = conf_is_object_name,
	 .shape = "a name of small letters, digits, - and ."},
	{KUBERNETES("leader-election.lease"),
	 .help = "How long after its last renewal another may take the Lease. Who cannot renew it "
		 "stops after two thirds of that.",
	 .type = CONF_DURATION, AT(conf_leader, lease), .dflt = "15s", .min = 3, .max = 600},
	{KUBERNETES("renderers"),
	 .help = "Programs that make manifests, for 'render' in a stack's assent.yaml. They run "
		 "without network, shut in.",
	 .type = CONF_MAP},
	{KUBERNETES("renderers.*"), .help = "A renderer.", .type = CONF_SECTION},
	{KUBERNETES("renderers.*.run"),
	 .help = "The program, by its absolute path, and its arguments. It runs in a copy of the "
		 "folder that the manifest names, and what it prints are the objects.",
	 .type = CONF_NAMES, AT(conf_renderer, run), .required = true,
	 .example = "[/usr/bin/helm, template, shop, .]"},
	{KUBERNETES("renderers.*.reads"),
	 .help = "Files and folders outside /usr that it may read as well. Not what holds or is in "
		 "the agent's state, configuration or runtime folder, a kubeconfig, /proc, /sys, "
		 "/dev or /run, wherever links lead.",
	 .type = CONF_NAMES, AT(conf_renderer, reads), .example = "[/etc/ssl/certs]",
	 .is_valid = conf_is_program, .shape = "the absolute path of a file or folder"},
	{KUBERNETES("renderers.*.timeout"), .help = "One that takes longer is ended.",
	 .type = CONF_DURATION, AT(conf_renderer, timeout), .dflt = "60s", .min = 1, .max = 3600},
	{.path = "retention",
	 .help = "How long the contents of applied plans are kept, from which they can be restored "
		 "without their repository; the log, plans and diffs stay.",
	 .type = CONF_SECTION},
	{.path = "retention.plans",
	 .help = "At least those of so many newest applied plans of each stack.",
	 .type = CONF_COUNT,
	 AT(conf_retention, plans),
	 .dflt = "20",
	 .min = 1,
	 .max = 100000},
	{.path = "retention.age",
	 .help = "And those applied within this time.",
	 .type = CONF_DURATION,
	 AT(conf_retention, age),
	 .dflt = "90d",
	 .min = 0,
	 .max = 100 * YEAR},
	{.path = "http",
	 .help = "What others reach by HTTP: push hooks, chat buttons, the review page. Without "
		 "this "
		 "section nothing listens.",
	 .type = CONF_SECTION},
	{HTTP("metrics"),
	 .help = "Whether GET /metrics answers without asking who asks. The Unix socket always has "
		 "it.",
	 .type = CONF_BOOL, AT(conf_http, metrics), .dflt = "false"},
	{HTTP("listen"), .help = "Address and port to listen on.", .type = CONF_TEXT,
	 AT(conf_http, listen), .dflt = "127.0.0.1:7420", .is_valid = conf_is_endpoint,
	 .shape = "an IP address and a port, as in 127.0.0.1:7420 or [::1]:7420"},
	{HTTP("public-url"), .help = "How others reach it, when that is another address.",
	 .type = CONF_TEXT, AT(conf_http, public_url), .example = "https://ops.example.org/assent",
	 .is_valid = conf_is_public_url, .shape = "http:// or https://, a host, and maybe a path"},
	{HTTP("hosts"),
	 .help = "More names by which requests may call it, besides those of listen and "
		 "public-url.",
	 .type = CONF_NAMES, AT(conf_http, hosts), .example = "[ops.example.org]",
	 .is_valid = conf_is_host, .shape = "a host's name in small letters, maybe with a port"},
	{HTTP("tls-cert"), .help = "The certificate and those above it, in PEM.", .type = CONF_PATH,
	 AT(conf_http, tls_cert), .example = "tls.crt"},
	{HTTP("tls-key"), .help = "The certificate's key in PEM; only its owner may read it.",
	 .type = CONF_PATH, AT(conf_http, tls_key), .example = "tls.key"},
	{HTTP("trusted-proxy"),
	 .help = "Reverse proxies whose X-Forwarded-For is believed; addresses or networks.",
	 .type = CONF_NAMES, AT(conf_http, trusted_proxy), .example = "[127.0.0.1]",
	 .is_valid = conf_is_network, .shape = "an IP address or a network, as in 192.0.2.0/24"},
	{HTTP("proxy-user-header"),
	 .help = "The header in which a trusted proxy names who has signed in there: a person of "
		 "people, or one of their addresses. The proxy must remove it from what others "
		 "send.",
	 .type = CONF_TEXT, AT(conf_http, proxy_user_header), .example = "X-Forwarded-User",
	 .is_valid = conf_is_header, .shape = "the name of an HTTP header"},
	{HTTP("proxy-secret"),
	 .help = "What the proxy sends in X-Assent-Proxy-Secret, so that nobody else who can "
		 "connect from its address can be anybody.",
	 .type = CONF_SECRET, AT(conf_http, proxy_secret), .example = "file:proxy-secret"},
	{HTTP("connections"),
	 .help = "Connections at once; beyond it, the one that asks for the longest time is ended.",
	 .type = CONF_COUNT, AT(conf_http, connections), .dflt = "256", .min = 2, .max = 10000},
	{HTTP("peer-connections"), .help = "Connections at once of one peer.", .type = CONF_COUNT,
	 AT(conf_http, peer_connections), .dflt = "16", .min = 1, .max = 10000},
	{HTTP("request-timeout"),
	 .help = "A request that is not complete by then is ended, however it trickles.",
	 .type = CONF_DURATION, AT(conf_http, request_timeout), .dflt = "10s", .min = 1,
	 .max = 300},
	{HTTP("rate"), .help = "Requests a minute that one peer may send in the long run.",
	 .type = CONF_COUNT, AT(conf_http, rate), .dflt = "300", .min = 1, .max = 100000},
	{HTTP("burst"), .help = "Requests that one peer may send at once.", .type = CONF_COUNT,
	 AT(conf_http, burst), .dflt = "60", .min = 1, .max = 100000},
	{.path = "rules",
	 .help = "Rules of several stacks: each counts as one of the stacks that it matches.",
	 .type = CONF_LIST},
	RULE(COMMON_RULE),
	{COMMON_RULE(".match.stack"),
	 .help = "Changes in stacks of this name; * and ? stand for others.", .type = CONF_TEXT,
	 AT(conf_rule, stack), .example = "web"},
	{.path = "windows",
	 .help = "Windows of all stacks, beside their own: one that denies keeps every plan back.",
	 .type = CONF_LIST},
	WINDOW(COMMON_WINDOW),
	{.path = "people",
	 .help = "Those whom rules name. The names are the principals of the approver list.",
	 .type = CONF_MAP},
	{.path = "people.*", .help = "A person.", .type = CONF_SECTION},
	{.path = "people.*.email",
	 .help = "Addresses under which the person commits.",
	 .type = CONF_NAMES,
	 AT(conf_person, emails),
	 .example = "[alice@example.org]"},
	{.path = "people.*.forge",
	 .help = "Logins or account ids at the forges whose push hooks tell who pushed.",
	 .type = CONF_NAMES,
	 AT(conf_person, forge),
	 .example = "[alice-hub]"},
	{.path = "people.*.user",
	 .help = "The person's Unix user.",
	 .type = CONF_TEXT,
	 AT(conf_person, user),
	 .example = "alice"},
	{.path = "groups", .help = "Names for several people.", .type = CONF_MAP},
	{.path = "groups.*",
	 .help = "A group's members.",
	 .type = CONF_NAMES,
	 .example = "[alice]"},
	{.path = "people.*.mattermost",
	 .help = "The person's user id in Mattermost.",
	 .type = CONF_TEXT,
	 AT(conf_person, mattermost),
	 .example = "4xp9fdt77pncbef59f4k1qe83o"},
	{.path = "people.*.slack",
	 .help = "The person's team and user id in Slack.",
	 .type = CONF_TEXT,
	 AT(conf_person, slack),
	 .example = "T024/U024BE7LH",
	 .is_valid = conf_is_slack_person,
	 .shape = "TEAM/USER, ids of capital letters and digits"},
	{.path = "notify",
	 .help = "Where people are told of plans, results and problems; see doc/notify.md.",
	 .type = CONF_LIST},
	{.path = "notify.*", .help = "A way to tell people.", .type = CONF_SECTION},
	NOTIFY_ROWS("webhook", "Signed requests to a program of yours."),
	{NOTIFY("webhook.url"), .help = "Where the requests go.", .type = CONF_TEXT,
	 AT(conf_notifier, url), .required = true, .example = "https://tickets.example.org/assent",
	 .is_valid = http_client_is_url, .shape = NOTICE_URL_SHAPE},
	{NOTIFY("webhook.secret"), .help = "The key that signs the requests.", .type = CONF_SECRET,
	 AT(conf_notifier, secret_file), .required = true, .example = "file:webhook-secret"},
	{NOTIFY("webhook.approve"),
	 .help = "Whether the requests carry one-time approval tokens, where policy accepts them.",
	 .type = CONF_BOOL, AT(conf_notifier, approve), .dflt = "true"},
	NOTIFY_ROWS("ntfy", "Push messages by ntfy."),
	{NOTIFY("ntfy.url"), .help = "The ntfy server.", .type = CONF_TEXT, AT(conf_notifier, url),
	 .dflt = "https://ntfy.sh", .is_valid = http_client_is_url, .shape = NOTICE_URL_SHAPE},
	{NOTIFY("ntfy.topic"), .help = "The topic; on a public server who knows it reads along.",
	 .type = CONF_TEXT, AT(conf_notifier, topic), .required = true,
	 .example = "assent-4f2a9c1d", .is_valid = conf_is_topic,
	 .shape = "letters, digits, - and _, at most 64"},
	{NOTIFY("ntfy.token"), .help = "The server's access token.", .type = CONF_SECRET,
	 AT(conf_notifier, token_file), .example = "file:ntfy-token"},
	{NOTIFY("ntfy.person"),
	 .help = "Whose topic it is; without a person its messages have no buttons but a link.",
	 .type = CONF_TEXT, AT(conf_notifier, person), .example = "alice"},
	{NOTIFY("ntfy.approve"),
	 .help = "Whether there is a button to approve: whoever reads the topic can press it.",
	 .type = CONF_BOOL, AT(conf_notifier, approve), .dflt = "false"},
	NOTIFY_ROWS("mattermost", "Messages with buttons in Mattermost."),
	{NOTIFY("mattermost.webhook"), .help = "File with the address of an incoming webhook.",
	 .type = CONF_SECRET, AT(conf_notifier, url_file), .example = "file:mattermost-webhook"},
	{NOTIFY("mattermost.url"),
	 .help = "The server, when messages are a bot's, which can change them later.",
	 .type = CONF_TEXT, AT(conf_notifier, url), .example = "https://chat.example.org",
	 .is_valid = http_client_is_url, .shape = NOTICE_URL_SHAPE},
	{NOTIFY("mattermost.token"), .help = "The bot's access token.", .type = CONF_SECRET,
	 AT(conf_notifier, token_file), .example = "file:mattermost-token"},
	{NOTIFY("mattermost.secret"),
	 .help = "Key that protects the buttons; without one there are none.", .type = CONF_SECRET,
	 AT(conf_notifier, secret_file), .example = "file:mattermost-secret"},
	{NOTIFY("mattermost.channel"),
	 .help = "The channel's id: a bot writes there, and clicks count from there only.",
	 .type = CONF_TEXT, AT(conf_notifier, channel), .example = "j1z5y7o8ftrqfnm9pbx1wjs8wy"},
	{NOTIFY("mattermost.team"), .help = "Clicks count only from the team of this id.",
	 .type = CONF_TEXT, AT(conf_notifier, team), .example = "qr6pwpy8ajgbtjbr8ckp8fn8ce"},
	NOTIFY_ROWS("slack",
		    "Messages with buttons in Slack, by a bot token or an incoming webhook."),
	{NOTIFY("slack.token"),
	 .help = "The app's bot token: one message for each plan, kept up to date, with a thread.",
	 .type = CONF_SECRET, AT(conf_notifier, token_file), .example = "file:slack-token"},
	{NOTIFY("slack.webhook"),
	 .help = "Instead of a token: file with the address of an incoming webhook.",
	 .type = CONF_SECRET, AT(conf_notifier, url_file), .example = "file:slack-webhook"},
	{NOTIFY("slack.channel"), .help = "The channel's id; clicks count only from this one.",
	 .type = CONF_TEXT, AT(conf_notifier, channel), .example = "C0123ABCD",
	 .is_valid = conf_is_slack_id, .shape = SLACK_ID_SHAPE},
	{NOTIFY("slack.signing-secret"),
	 .help = "The app's signing secret; without one there are no buttons but a link.",
	 .type = CONF_SECRET, AT(conf_notifier, secret_file), .example = "file:slack-secret"},
	{NOTIFY("slack.app-token"),
	 .help = "The app-level token of Socket Mode, by which clicks reach an agent that nobody "
		 "can reach.",
	 .type = CONF_SECRET, AT(conf_notifier, app_token_file), .example = "file:slack-app-token"},
	{NOTIFY("slack.team"), .help = "Clicks count only from people of this team.",
	 .type = CONF_TEXT, AT(conf_notifier, team), .example = "T024",
	 .is_valid = conf_is_slack_id, .shape = SLACK_ID_SHAPE},
	{NOTIFY("slack.app"), .help = "Clicks count only from this app.", .type = CONF_TEXT,
	 AT(conf_notifier, app), .example = "A0123ABCD", .is_valid = conf_is_slack_id,
	 .shape = SLACK_ID_SHAPE},
	{NOTIFY("slack.api"), .help = "Slack's Web API.", .type = CONF_TEXT, AT(conf_notifier, url),
	 .dflt = "https://slack.com/api", .is_valid = http_client_is_url,
	 .shape = NOTICE_URL_SHAPE},
	{NOTIFY("desktop"),
	 .help = "What assent-desktop shows to the agent's own user; all of it without this entry.",
	 .type = CONF_SECTION},
	{NOTIFY("desktop.stacks"), .help = "Only what concerns these stacks is shown.",
	 .type = CONF_NAMES, AT(conf_notifier, stacks), .example = "[web]"},
	{NOTIFY("desktop.buttons"),
	 .help = "Whether there are buttons to approve and reject, where policy accepts the "
		 "channel "
		 "desktop.",
	 .type = CONF_BOOL, AT(conf_notifier, buttons), .dflt = "true"},
	{NOTIFY("desktop.remind"), .help = "How often to show again what still waits; 0s: never.",
	 .type = CONF_DURATION, AT(conf_notifier, remind), .dflt = "0s", .min = 0, .max = 30 * DAY},
	{.path = NULL},
};

const char *conf_key_in(const struct conf_key *row, const char *section)
{
	size_t len = strlen(section);
	const char *name = row->path;

	if (len > 0) {
		if (strncmp(name, section, len) != 0 || name[len] != '.') {
			return NULL;
		}
		name += len + 1;
	}
	return strchr(name, '.') == NULL ? name : NULL;
}

bool conf_bytes(const char *text, int64_t *bytes)
{
	static const char units[] = "KMG";
	size_t digits = strspn(text, "0123456789");
	int64_t factor = 1;
	const char *unit;

	if (digits == 0 || digits > 15 || (text[0] == '0' && digits > 1)) {
		return false;
	}
	if (text[digits] != '\0') {
		unit = strchr(units, text[digits]);
		if (unit == NULL || text[digits + 1] != '\0' || digits > 6) {
			return false;
		}
		factor = INT64_C(1) << (10 * (unit - units + 1));
	}
	*bytes = g_ascii_strtoll(text, NULL, 10) * factor;
	return true;
}
