package inventory

import (
	"strings"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// facts are what the feeds told, apart from the accounts themselves. Each part is
// replaced as a whole when its feed was read to the end; accounts' Observations
// follow from them.
type facts struct {
	organization *directory.Organization
	// domains are the verified ones; federated tells of each by its name in lower case.
	domains   []directory.Domain
	federated map[string]bool

	skus        []directory.SKU
	partNumbers map[string]string
	// parts are the part numbers of each list of SKU ids, by the list's address.
	parts map[*string][]string
	// privilegedIdentity tells whether the tenant has Privileged Identity Management.
	privilegedIdentity directory.Tristate

	registrations       map[string]registration
	registrationsReason Reason

	// signIns are the days of the last successful sign-in, in days since 1970; 0 for
	// none.
	signIns       map[string]int32
	signInsReason Reason

	// rooms are the rooms' mail addresses, in lower case; nil when not read.
	rooms map[string]bool

	roles    roleFacts
	groups   map[string]map[string]bool
	policies Policies
}

func newFacts() facts {
	return facts{
		parts:               map[*string][]string{},
		registrationsReason: ReasonNotRead,
		signInsReason:       ReasonNotRead,
		groups:              map[string]map[string]bool{},
		policies: Policies{
			SecurityDefaultsReason:  ReasonNotRead,
			ConditionalAccessReason: ReasonNotRead,
		},
	}
}

// registration is an account's line in the authentication methods report.
type registration struct {
	state         MFAState
	methods       []string
	defaultMethod string
	asOf          time.Time
}

// derive is all that is known of an account.
func (f *facts) derive(user directory.User, gone Gone) Observation {
	o := Observation{
		User:      user,
		Gone:      gone,
		SKUs:      f.partsOf(user.SKUs),
		Federated: f.isFederated(user.UserPrincipalName),
	}
	if gone != GoneNot {
		o.Type = AccountUnknown
		o.MFA = MFA{State: MFAUnknown, Reason: ReasonNotReported}
		o.SignIn = SignIn{Reason: ReasonNotReported}
		return o
	}
	o.Roles = f.roles.byHolder[user.ID]
	o.Admin = f.isAdmin(o.Roles)
	o.Type = f.accountType(&user, o.Roles)
	o.Licensed = isLicensed(&user)
	o.MFA = f.mfa(&user, o.Type)
	o.SignIn = f.signIn(user.ID)
	return o
}

// isAdmin is No only when all ways to a role were read.
func (f *facts) isAdmin(roles []Role) directory.Tristate {
	switch {
	case len(roles) > 0:
		return directory.Yes
	case f.roles.complete && f.eligibilitiesKnown():
		return directory.No
	default:
		return directory.Unknown
	}
}

// eligibilitiesKnown is also true when they could not be read, but the tenant has no
// Privileged Identity Management, so there can be none.
func (f *facts) eligibilitiesKnown() bool {
	switch f.roles.eligibilities {
	case "":
		return true
	case ReasonPremiumRequired:
		return f.privilegedIdentity != directory.Yes
	case ReasonPermissionMissing:
		return f.privilegedIdentity == directory.No
	default:
		return false
	}
}

func (f *facts) accountType(user *directory.User, roles []Role) AccountType {
	switch {
	case user.UserType == directory.GuestUserType:
		return AccountGuest
	case user.Mail != "" && f.rooms[strings.ToLower(user.Mail)]:
		return AccountRoom
	case isService(roles):
		return AccountService
	case f.rooms == nil || !f.roles.complete:
		return AccountUnknown
	default:
		return AccountPerson
	}
}

func isService(roles []Role) bool {
	for _, role := range roles {
		if role.RoleID == DirectorySynchronizationAccounts && role.Path != RoleEligible {
			return true
		}
	}
	return false
}

// isLicensed is Unknown for an account of which only the names may be read: whoever
// may read assignedLicenses reads accountEnabled as well.
func isLicensed(user *directory.User) directory.Tristate {
	switch {
	case len(user.SKUs) > 0:
		return directory.Yes
	case user.Enabled != directory.Unknown:
		return directory.No
	default:
		return directory.Unknown
	}
}

func (f *facts) mfa(user *directory.User, accountType AccountType) MFA {
	notApplicable := func(reason Reason) MFA { return MFA{State: MFANotApplicable, Reason: reason} }
	switch accountType {
	case AccountGuest:
		return notApplicable(ReasonGuest)
	case AccountRoom:
		return notApplicable(ReasonRoom)
	case AccountService:
		return notApplicable(ReasonService)
	case AccountPerson, AccountUnknown:
	}
	if user.Enabled == directory.No {
		return notApplicable(ReasonSignInBlocked)
	}
	if f.registrationsReason != "" {
		return MFA{State: MFAUnknown, Reason: f.registrationsReason}
	}
	line, ok := f.registrations[user.ID]
	if !ok {
		return MFA{State: MFAUnknown, Reason: ReasonNotReported}
	}
	return MFA{State: line.state, Methods: line.methods, DefaultMethod: line.defaultMethod, AsOf: line.asOf}
}

func (f *facts) signIn(id string) SignIn {
	if f.signInsReason != "" {
		return SignIn{Reason: f.signInsReason}
	}
	day, ok := f.signIns[id]
	switch {
	case !ok:
		return SignIn{Reason: ReasonNotReported}
	case day == 0:
		return SignIn{Known: true}
	default:
		return SignIn{Known: true, LastSuccessful: time.Unix(int64(day)*secondsPerDay, 0).UTC()}
	}
}

func (f *facts) isFederated(upn string) directory.Tristate {
	domain := upn[strings.LastIndex(upn, "@")+1:]
	federated, ok := f.federated[strings.ToLower(domain)]
	if !ok {
		return directory.Unknown
	}
	return directory.TristateOf(federated)
}

// learnParts keeps the part numbers of a list of SKU ids for all accounts that share it.
func (f *facts) learnParts(ids []string) {
	if len(ids) == 0 {
		return
	}
	if _, ok := f.parts[&ids[0]]; !ok {
		f.parts[&ids[0]] = f.resolveParts(ids)
	}
}

func (f *facts) partsOf(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	if parts, ok := f.parts[&ids[0]]; ok {
		return parts
	}
	return f.resolveParts(ids)
}
