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
	// parts are the part numbers of each list of SKU ids, licenses what each list of
	// assignments says, by the list's address.
	parts    map[*string][]string
	licenses map[*directory.LicenseAssignment][]License
	// privilegedIdentity tells whether the tenant has Privileged Identity Management.
	privilegedIdentity directory.Tristate

	registrations       map[string]registration
	registrationsReason Reason
	// methods were read live, after the account's line in the report.
	methods map[string]liveMethods

	// signIns are the days of the last successful sign-in, in days since 1970; 0 for
	// none.
	signIns       map[string]int32
	signInsReason Reason

	// rooms are the rooms' mail addresses, in lower case; nil when not read.
	rooms map[string]bool
	// purposes are what is known of mailboxes.
	purposes map[string]purpose

	memberships  membershipFacts
	applications applicationFacts
	// managers are who has which manager; nil when not read.
	managers map[string]string
	devices  deviceFacts
	// lockouts are when smart lockout last refused an account's sign-in.
	lockouts map[string]time.Time
	// links are what the operator itself just made or undid, by account.
	links map[string][]linkHold

	roles    roleFacts
	groups   map[string]map[string]bool
	policies Policies
}

func newFacts() facts {
	return facts{
		parts:               map[*string][]string{},
		licenses:            map[*directory.LicenseAssignment][]License{},
		registrationsReason: ReasonNotRead,
		methods:             map[string]liveMethods{},
		purposes:            map[string]purpose{},
		memberships:         membershipFacts{reason: ReasonNotRead},
		devices:             deviceFacts{reason: ReasonNotRead, managedReason: ReasonNotRead},
		links:               map[string][]linkHold{},
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
		Licenses:  f.licensesOf(user.Licenses),
		Federated: f.isFederated(user.UserPrincipalName),
	}
	if gone != GoneNot {
		o.Type = AccountUnknown
		o.MFA = MFA{State: MFAUnknown, Reason: ReasonNotReported}
		o.SignIn = SignIn{Reason: ReasonNotReported}
		o.GroupsReason, o.DevicesReason = ReasonNotReported, ReasonNotReported
		return o
	}
	o.Licensed = isLicensed(&user)
	f.deriveLinks(&o)
	o.Admin = f.isAdmin(o.Roles)
	o.Type = f.accountType(&user, o.Roles)
	o.mailboxUnread = f.hangsOnMailbox(&user, o.Roles)
	o.MFA = f.mfa(&user, o.Type)
	o.SignIn = f.signIn(user.ID)
	o.LockedOut = f.lockouts[user.ID]
	f.deriveDevices(&o)
	return o
}

// deriveLinks adds what the account is linked to, with what the operator itself just
// changed of it.
func (f *facts) deriveLinks(o *Observation) {
	id := o.User.ID
	links := f.links[id]
	o.Roles = f.rolesOf(id, links)
	o.Groups, o.GroupsReason = f.groupsOf(id, links), f.memberships.reason
	o.AppRoles = f.appRolesOf(id, o.Groups, links)
	o.Manager, o.ManagerKnown = f.managers[id], f.managers != nil
	for _, h := range links {
		if h.Kind != LinkManager {
			continue
		}
		o.Manager, o.ManagerKnown = "", true
		if h.present {
			o.Manager = h.Target
		}
	}
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

// accountType is a person's only when nothing else can be said of the account.
func (f *facts) accountType(user *directory.User, roles []Role) AccountType {
	switch {
	case user.UserType == directory.GuestUserType:
		return AccountGuest
	case isService(roles):
		return AccountService
	case f.purposes[user.ID].accountType() != "":
		return f.purposes[user.ID].accountType()
	case f.isRoom(user):
		return AccountRoom
	case !f.roles.complete || f.hangsOnMailbox(user, roles):
		return AccountUnknown
	default:
		return AccountPerson
	}
}

func (f *facts) isRoom(user *directory.User) bool {
	return user.Mail != "" && f.rooms[strings.ToLower(user.Mail)]
}

// hangsOnMailbox tells whether only the mailbox, which has not been read, can tell what
// the account is.
func (f *facts) hangsOnMailbox(user *directory.User, roles []Role) bool {
	return user.Mail != "" && user.UserType != directory.GuestUserType && f.purposes[user.ID] == purposeUnread &&
		!f.isRoom(user) && !isService(roles)
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
	case AccountShared:
		return notApplicable(ReasonShared)
	case AccountRoom:
		return notApplicable(ReasonRoom)
	case AccountEquipment:
		return notApplicable(ReasonEquipment)
	case AccountService:
		return notApplicable(ReasonService)
	case AccountPerson, AccountUnknown:
	}
	if user.Enabled == directory.No {
		return notApplicable(ReasonSignInBlocked)
	}
	if live, ok := f.methods[user.ID]; ok {
		return MFA{State: live.state, Methods: live.methods, AsOf: live.asOf}
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
