package directorytest

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// isRefused proves that a lack of permission is told as such, by every method.
func (s *suite) isRefused() {
	It("without permission, whatever it asks", func(ctx SpecContext) {
		w := s.open(Tenant{Subscriptions: map[string]int{premium: 1, office: 1}, Passes: true})
		id := w.AddAccount(Account{UserPrincipalName: "alice@" + w.Domain(), UsageLocation: "DE"})
		group := w.AddGroup(Group{DisplayName: "Sales"})
		application := w.AddApplication("Plain")
		sku := subscription(w.Directory(), office)
		w.Forbid()
		d := w.Directory()
		for name, call := range readings(d, id, group, application) {
			By(name)
			expectRefused(call(ctx), directory.KindForbidden)
		}
		for name, call := range changesOf(d, id, group, application, sku) {
			By(name)
			expectRefused(call(ctx), directory.KindForbidden)
		}
	})
}

type call func(ctx context.Context) error

// asked forgets what a call returned.
func asked[T any](f func(context.Context) (T, error)) call {
	return func(ctx context.Context) error { _, err := f(ctx); return err }
}

// first asks for a first page.
func first[T any](f func(context.Context, string) (T, error)) call {
	return func(ctx context.Context) error { _, err := f(ctx, ""); return err }
}

func readings(d directory.Directory, id, group, application string) map[string]call {
	about := func(key string, f func(context.Context, string) error) call {
		return func(ctx context.Context) error { return f(ctx, key) }
	}
	return map[string]call{
		"Organization": asked(d.Organization), "Domains": asked(d.Domains), "SKUs": asked(d.SKUs), "SecurityDefaults": asked(d.SecurityDefaults),
		"UserChanges": first(d.UserChanges), "Managers": first(d.Managers), "LicenseStates": first(d.LicenseStates),
		"Registrations": first(d.Registrations), "SignIns": first(d.SignIns), "Rooms": first(d.Rooms),
		"RoleDefinitions": first(d.RoleDefinitions), "RoleAssignments": first(d.RoleAssignments), "RoleEligibilities": first(d.RoleEligibilities),
		"GroupChanges": first(d.GroupChanges), "ConditionalAccessPolicies": first(d.ConditionalAccessPolicies),
		"User": about(id, func(ctx context.Context, key string) error { _, err := d.User(ctx, key); return err }),
		"Namesakes": about("a@b.example", func(ctx context.Context, key string) error {
			_, err := d.Namesakes(ctx, key)
			return err
		}),
		"MailboxPurpose":        about(id, func(ctx context.Context, key string) error { _, err := d.MailboxPurpose(ctx, key); return err }),
		"AuthenticationMethods": about(id, func(ctx context.Context, key string) error { _, err := d.AuthenticationMethods(ctx, key); return err }),
		"Group":                 about(group, func(ctx context.Context, key string) error { _, err := d.Group(ctx, key); return err }),
		"Application":           about(application, func(ctx context.Context, key string) error { _, err := d.Application(ctx, key); return err }),
		"DeletedUsers":          first(of(d.DeletedUsers, "a@b.example")),
		"GroupMembers":          first(of(d.GroupMembers, group)),
		"Devices":               first(d.Devices),
		"ManagedDevices":        first(d.ManagedDevices),
		"LockedOut": func(ctx context.Context) error {
			_, err := d.LockedOut(ctx, time.Date(2025, 3, 2, 8, 0, 0, 0, time.UTC), "")
			return err
		},
		"UserRoleAssignments":    first(of(d.UserRoleAssignments, id)),
		"UserAppRoles":           first(of(d.UserAppRoles, id)),
		"ApplicationAssignments": first(of(d.ApplicationAssignments, application)),
	}
}

func changesOf(d directory.Directory, id, group, application string, sku directory.SKU) map[string]call {
	change := asked[directory.Receipt]
	return map[string]call{
		"SetEnabled":            change(func(ctx context.Context) (directory.Receipt, error) { return d.SetEnabled(ctx, id, false) }),
		"RevokeSessions":        change(func(ctx context.Context) (directory.Receipt, error) { return d.RevokeSessions(ctx, id) }),
		"RequirePasswordChange": change(func(ctx context.Context) (directory.Receipt, error) { return d.RequirePasswordChange(ctx, id) }),
		"CreateTemporaryAccessPass": func(ctx context.Context) error {
			_, _, err := d.CreateTemporaryAccessPass(ctx, id)
			return err
		},
		"CreateUser": func(ctx context.Context) error {
			_, _, err := d.CreateUser(ctx, directory.NewUser{UserPrincipalName: "z@b.example", DisplayName: "Z", MailNickname: "z", Password: "vW7#qRt2-mKp9xLd"})
			return err
		},
		"UpdateUser": change(func(ctx context.Context) (directory.Receipt, error) {
			return d.UpdateUser(ctx, id, directory.Attributes{directory.AttributeCity: "Köln"})
		}),
		"RenameUser":     change(func(ctx context.Context) (directory.Receipt, error) { return d.RenameUser(ctx, id, "z@b.example") }),
		"DeleteUser":     change(func(ctx context.Context) (directory.Receipt, error) { return d.DeleteUser(ctx, id) }),
		"RestoreUser":    change(func(ctx context.Context) (directory.Receipt, error) { return d.RestoreUser(ctx, nobody) }),
		"SetManager":     change(func(ctx context.Context) (directory.Receipt, error) { return d.SetManager(ctx, id, nobody) }),
		"RemoveManager":  change(func(ctx context.Context) (directory.Receipt, error) { return d.RemoveManager(ctx, id) }),
		"AssignLicenses": change(func(ctx context.Context) (directory.Receipt, error) { return d.AssignLicenses(ctx, id, add(sku)) }),
		"AddMember":      change(func(ctx context.Context) (directory.Receipt, error) { return d.AddMember(ctx, group, id) }),
		"RemoveMember":   change(func(ctx context.Context) (directory.Receipt, error) { return d.RemoveMember(ctx, group, id) }),
		"AssignAppRole": change(func(ctx context.Context) (directory.Receipt, error) {
			return d.AssignAppRole(ctx, id, application, directory.DefaultAppRole)
		}),
		"RemoveAppRole": change(func(ctx context.Context) (directory.Receipt, error) { return d.RemoveAppRole(ctx, id, "x") }),
		"AssignRole": change(func(ctx context.Context) (directory.Receipt, error) {
			return d.AssignRole(ctx, id, directory.GlobalAdministrator, "/")
		}),
		"RemoveRole": change(func(ctx context.Context) (directory.Receipt, error) { return d.RemoveRole(ctx, "x") }),
	}
}
