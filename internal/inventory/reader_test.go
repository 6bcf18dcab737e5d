package inventory_test

import (
	"context"
	"sync"
	"time"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// script answers one paged reading by link. Errors come first, in order.
type script[T any] struct {
	mu     sync.Mutex
	pages  map[string]T
	errors []error
	// links are what was asked for.
	links []string
	// during runs while a call is under way.
	during func(link string)
	// missing answers a link that has no page.
	missing func(link string) (T, error)
}

func (s *script[T]) read(ctx context.Context, link string) (T, error) {
	s.mu.Lock()
	s.links = append(s.links, link)
	var failure error
	if len(s.errors) > 0 {
		failure, s.errors = s.errors[0], s.errors[1:]
	}
	page, ok := s.pages[link]
	during := s.during
	s.mu.Unlock()
	if during != nil {
		during(link)
	}
	var none T
	switch {
	case ctx.Err() != nil:
		return none, ctx.Err()
	case failure != nil:
		return none, failure
	case !ok:
		return s.missing(link)
	default:
		return page, nil
	}
}

// fakeReader is a tenant that answers as told. What is not told is empty.
type fakeReader struct {
	directory.Reader // what is not scripted panics

	users         *script[*directory.UserChanges]
	user          *script[*directory.User]
	registrations *script[*directory.Page[directory.Registration]]
	signIns       *script[*directory.Page[directory.SignIn]]
	rooms         *script[*directory.Page[directory.Room]]
	definitions   *script[*directory.Page[directory.RoleDefinition]]
	assignments   *script[*directory.Page[directory.RoleAssignment]]
	eligibilities *script[*directory.Page[directory.RoleAssignment]]
	members       *script[*directory.Page[string]] // by group id + link
	organization  *script[*directory.Organization]
	domains       *script[[]directory.Domain]
	skus          *script[[]directory.SKU]
	defaults      *script[bool]
	policies      *script[*directory.Page[directory.ConditionalAccessPolicy]]
	groups        *script[*directory.GroupChanges]
	applications  *script[*directory.Application]                       // by id
	assigned      *script[*directory.Page[directory.AppRoleAssignment]] // by application id + link
	managers      *script[*directory.Page[directory.ManagerLink]]
	states        *script[*directory.Page[directory.User]]
	devices       *script[*directory.Page[directory.Device]]
	managed       *script[*directory.Page[directory.ManagedDevice]]
	purposes      *script[directory.MailboxPurpose] // by user id
	lockouts      *script[*directory.Page[directory.LockedOut]]
	lockoutsSince []time.Time
}

var _ directory.Reader = (*fakeReader)(nil)

func newScript[T any](missing func(string) (T, error)) *script[T] {
	return &script[T]{pages: map[string]T{}, missing: missing}
}

func emptyPages[T any]() *script[*directory.Page[T]] {
	return newScript(func(string) (*directory.Page[T], error) { return &directory.Page[T]{}, nil })
}

func notFound[T any](string) (*T, error) {
	return nil, &directory.Error{Kind: directory.KindNotFound}
}

func newFakeReader() *fakeReader {
	return &fakeReader{
		users: newScript(func(link string) (*directory.UserChanges, error) {
			if link == "" {
				link = "r1"
			}
			return &directory.UserChanges{Resume: link}, nil // nothing changed
		}),
		user:          newScript(notFound[directory.User]),
		registrations: emptyPages[directory.Registration](),
		signIns:       emptyPages[directory.SignIn](),
		rooms:         emptyPages[directory.Room](),
		definitions:   emptyPages[directory.RoleDefinition](),
		assignments:   emptyPages[directory.RoleAssignment](),
		eligibilities: emptyPages[directory.RoleAssignment](),
		members:       newScript(notFound[directory.Page[string]]),
		organization: newScript(func(string) (*directory.Organization, error) {
			return &directory.Organization{DisplayName: "Contoso"}, nil
		}),
		domains:  newScript(func(string) ([]directory.Domain, error) { return nil, nil }),
		skus:     newScript(func(string) ([]directory.SKU, error) { return nil, nil }),
		defaults: newScript(func(string) (bool, error) { return false, nil }),
		policies: emptyPages[directory.ConditionalAccessPolicy](),
		groups: newScript(func(link string) (*directory.GroupChanges, error) {
			if link == "" {
				link = "g1"
			}
			return &directory.GroupChanges{Resume: link}, nil // nothing changed
		}),
		applications: newScript(notFound[directory.Application]),
		assigned:     emptyPages[directory.AppRoleAssignment](),
		managers:     emptyPages[directory.ManagerLink](),
		states:       emptyPages[directory.User](),
		devices:      emptyPages[directory.Device](),
		managed:      emptyPages[directory.ManagedDevice](),
		purposes:     newScript(func(string) (directory.MailboxPurpose, error) { return directory.MailboxUser, nil }),
		lockouts:     emptyPages[directory.LockedOut](),
	}
}

// links are what was asked for, of each script.
func (r *fakeReader) links() []*[]string {
	return []*[]string{
		&r.users.links, &r.user.links, &r.registrations.links, &r.signIns.links, &r.rooms.links,
		&r.definitions.links, &r.assignments.links, &r.eligibilities.links, &r.members.links,
		&r.organization.links, &r.domains.links, &r.skus.links, &r.defaults.links, &r.policies.links,
		&r.groups.links, &r.applications.links, &r.assigned.links, &r.managers.links, &r.states.links,
		&r.devices.links, &r.managed.links, &r.purposes.links, &r.lockouts.links,
	}
}

// forget forgets what was asked.
func (r *fakeReader) forget() {
	for _, links := range r.links() {
		*links = nil
	}
}

// asked is the number of calls since forget.
func (r *fakeReader) asked() int {
	n := 0
	for _, links := range r.links() {
		n += len(*links)
	}
	return n
}

func (r *fakeReader) UserChanges(ctx context.Context, link string) (*directory.UserChanges, error) {
	return r.users.read(ctx, link)
}

func (r *fakeReader) User(ctx context.Context, key string) (*directory.User, error) {
	return r.user.read(ctx, key)
}

func (r *fakeReader) Registrations(ctx context.Context, link string) (*directory.Page[directory.Registration], error) {
	return r.registrations.read(ctx, link)
}

func (r *fakeReader) SignIns(ctx context.Context, link string) (*directory.Page[directory.SignIn], error) {
	return r.signIns.read(ctx, link)
}

func (r *fakeReader) Rooms(ctx context.Context, link string) (*directory.Page[directory.Room], error) {
	return r.rooms.read(ctx, link)
}

func (r *fakeReader) RoleDefinitions(ctx context.Context, link string) (*directory.Page[directory.RoleDefinition], error) {
	return r.definitions.read(ctx, link)
}

func (r *fakeReader) RoleAssignments(ctx context.Context, link string) (*directory.Page[directory.RoleAssignment], error) {
	return r.assignments.read(ctx, link)
}

func (r *fakeReader) RoleEligibilities(ctx context.Context, link string) (*directory.Page[directory.RoleAssignment], error) {
	return r.eligibilities.read(ctx, link)
}

func (r *fakeReader) GroupMembers(ctx context.Context, groupID, link string) (*directory.Page[string], error) {
	return r.members.read(ctx, groupID+link)
}

func (r *fakeReader) Group(context.Context, string) (*directory.Group, error) {
	return nil, &directory.Error{Kind: directory.KindNotFound}
}

func (r *fakeReader) Identity(context.Context) (*directory.Identity, error) {
	return &directory.Identity{}, nil
}

func (r *fakeReader) Organization(ctx context.Context) (*directory.Organization, error) {
	return r.organization.read(ctx, "")
}

func (r *fakeReader) Domains(ctx context.Context) ([]directory.Domain, error) {
	return r.domains.read(ctx, "")
}

func (r *fakeReader) SKUs(ctx context.Context) ([]directory.SKU, error) {
	return r.skus.read(ctx, "")
}

func (r *fakeReader) SecurityDefaults(ctx context.Context) (bool, error) {
	return r.defaults.read(ctx, "")
}

func (r *fakeReader) ConditionalAccessPolicies(ctx context.Context, link string) (*directory.Page[directory.ConditionalAccessPolicy], error) {
	return r.policies.read(ctx, link)
}

func (r *fakeReader) GroupChanges(ctx context.Context, link string) (*directory.GroupChanges, error) {
	return r.groups.read(ctx, link)
}

func (r *fakeReader) Application(ctx context.Context, key string) (*directory.Application, error) {
	return r.applications.read(ctx, key)
}

func (r *fakeReader) ApplicationAssignments(ctx context.Context, id, link string) (*directory.Page[directory.AppRoleAssignment], error) {
	return r.assigned.read(ctx, id+link)
}

func (r *fakeReader) Managers(ctx context.Context, link string) (*directory.Page[directory.ManagerLink], error) {
	return r.managers.read(ctx, link)
}

func (r *fakeReader) LicenseStates(ctx context.Context, link string) (*directory.Page[directory.User], error) {
	return r.states.read(ctx, link)
}

func (r *fakeReader) Devices(ctx context.Context, link string) (*directory.Page[directory.Device], error) {
	return r.devices.read(ctx, link)
}

func (r *fakeReader) ManagedDevices(ctx context.Context, link string) (*directory.Page[directory.ManagedDevice], error) {
	return r.managed.read(ctx, link)
}

func (r *fakeReader) MailboxPurpose(ctx context.Context, id string) (directory.MailboxPurpose, error) {
	return r.purposes.read(ctx, id)
}

func (r *fakeReader) LockedOut(ctx context.Context, since time.Time, link string) (*directory.Page[directory.LockedOut], error) {
	r.lockoutsSince = append(r.lockoutsSince, since)
	return r.lockouts.read(ctx, link)
}
