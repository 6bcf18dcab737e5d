package inventory_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

const benchUsers = 100_000

// benchReader is a tenant of benchUsers people, each with a line in every report. It
// makes its answers anew for each call, as a decoder does.
type benchReader struct{ *fakeReader }

func benchID(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

func pageOf[T any](link string, item func(i int) T) (items []T, next string) {
	const size = 500
	from := 0
	if link != "" {
		_, _ = fmt.Sscan(link, &from)
	}
	for i := from; i < from+size; i++ {
		items = append(items, item(i))
	}
	if from+size < benchUsers {
		next = fmt.Sprint(from + size)
	}
	return items, next
}

func benchUser(i int) directory.User {
	upn := fmt.Sprintf("given%d.surname%d@contoso.com", i%5000, i)
	return directory.User{
		ID:                 benchID(i),
		UserPrincipalName:  upn,
		Mail:               upn,
		DisplayName:        fmt.Sprintf("Given%d Surname%d", i%5000, i),
		GivenName:          fmt.Sprintf("Given%d", i%5000),
		Surname:            fmt.Sprintf("Surname%d", i),
		JobTitle:           fmt.Sprintf("Title %d", i%200),
		Department:         fmt.Sprintf("Department %d", i%40),
		UsageLocation:      "DE",
		UserType:           "Member",
		Enabled:            directory.TristateOf(i%10 != 0),
		OnPremises:         directory.OnPremises{Synced: directory.Yes, SAMAccountName: fmt.Sprintf("user%d", i), Domain: "corp.contoso.com", LastSync: epoch},
		Created:            epoch,
		LastPasswordChange: epoch,
		SessionsValidFrom:  epoch,
		SKUs:               []string{"06ebc4ee-1bb5-47dd-8120-11324bc54e06", "f30db892-07e9-47e9-837c-80727f46fd3d"},
		Licenses: []directory.LicenseAssignment{
			{SKU: "06ebc4ee-1bb5-47dd-8120-11324bc54e06", Group: benchGroup(i % 40)},
			{SKU: "f30db892-07e9-47e9-837c-80727f46fd3d", DisabledPlans: []string{"57ff2da0-773e-42df-b2af-ffb7a2317929"}},
		},
		Profile: &directory.Profile{
			CompanyName: "Contoso", City: fmt.Sprintf("City %d", i%30), Country: "Germany", PreferredLanguage: "de-DE",
			MobilePhone: fmt.Sprintf("+49 170 %07d", i), EmployeeID: fmt.Sprint(i),
		},
	}
}

func benchGroup(i int) string { return fmt.Sprintf("00000000-0000-4000-9000-%012d", i) }

// benchGroups is the number of groups; everybody is in one of 40 departments, one of 30
// cities and in five of the rest.
const benchGroups = 2000

func (r benchReader) GroupChanges(_ context.Context, link string) (*directory.GroupChanges, error) {
	if link == "resume" {
		return &directory.GroupChanges{Resume: "resume"}, nil
	}
	changes := &directory.GroupChanges{Resume: "resume"}
	members := make([][]string, benchGroups)
	for i := range benchUsers {
		members[i%40] = append(members[i%40], benchID(i))
		members[40+i%30] = append(members[40+i%30], benchID(i))
		for n := range 5 {
			g := 70 + (i*7+n*389)%(benchGroups-70)
			members[g] = append(members[g], benchID(i))
		}
	}
	for g := range members {
		changes.Groups = append(changes.Groups, directory.GroupMembership{
			Group: directory.Group{ID: benchGroup(g), DisplayName: fmt.Sprintf("Group %d", g)}, Joined: members[g],
		})
	}
	return changes, nil
}

func (r benchReader) Devices(_ context.Context, link string) (*directory.Page[directory.Device], error) {
	items, next := pageOf(link, func(i int) directory.Device {
		return directory.Device{
			ID: fmt.Sprintf("00000000-0000-4000-a000-%012d", i), DeviceID: fmt.Sprintf("00000000-0000-4000-b000-%012d", i),
			DisplayName: fmt.Sprintf("LAPTOP-%d", i), OperatingSystem: "Windows", TrustType: "AzureAd", Enabled: directory.Yes,
			Managed: directory.Yes, Compliant: directory.Yes, Owners: []string{benchID(i)},
		}
	})
	return &directory.Page[directory.Device]{Items: items, Next: next}, nil
}

func (r benchReader) ManagedDevices(_ context.Context, link string) (*directory.Page[directory.ManagedDevice], error) {
	items, next := pageOf(link, func(i int) directory.ManagedDevice {
		return directory.ManagedDevice{DeviceID: fmt.Sprintf("00000000-0000-4000-b000-%012d", i), ComplianceState: "compliant"}
	})
	return &directory.Page[directory.ManagedDevice]{Items: items, Next: next}, nil
}

func (r benchReader) LicenseStates(_ context.Context, link string) (*directory.Page[directory.User], error) {
	items, next := pageOf(link, func(i int) directory.User {
		user := benchUser(i)
		return directory.User{ID: user.ID, Licenses: user.Licenses}
	})
	return &directory.Page[directory.User]{Items: items, Next: next}, nil
}

func (r benchReader) UserChanges(_ context.Context, link string) (*directory.UserChanges, error) {
	if link == "resume" {
		return &directory.UserChanges{Resume: "resume"}, nil
	}
	users, next := pageOf(link, benchUser)
	changes := &directory.UserChanges{Users: users, Next: next}
	if next == "" {
		changes.Resume = "resume"
	}
	return changes, nil
}

func (r benchReader) Registrations(_ context.Context, link string) (*directory.Page[directory.Registration], error) {
	items, next := pageOf(link, func(i int) directory.Registration {
		return directory.Registration{
			ID: benchID(i), MFARegistered: i%3 != 0, DefaultMethod: "push", Updated: epoch,
			Methods: []string{"mobilePhone", "microsoftAuthenticatorPush", "softwareOneTimePasscode"},
		}
	})
	return &directory.Page[directory.Registration]{Items: items, Next: next}, nil
}

func (r benchReader) SignIns(_ context.Context, link string) (*directory.Page[directory.SignIn], error) {
	items, next := pageOf(link, func(i int) directory.SignIn {
		return directory.SignIn{ID: benchID(i), LastSuccessful: epoch}
	})
	return &directory.Page[directory.SignIn]{Items: items, Next: next}, nil
}

func benchSync(b *testing.B, tenant *inventory.Tenant, request inventory.SyncRequest) {
	b.Helper()
	if _, err := tenant.Sync(context.Background(), benchReader{newFakeReader()}, request); err != nil {
		b.Fatal(err)
	}
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// BenchmarkInitialSync reads 100,000 users with all there is to read, and tells how much
// memory one of them takes for good, after the first sync and with its devices.
func BenchmarkInitialSync(b *testing.B) {
	for b.Loop() {
		before := heap()
		store := inventory.New(inventory.Options{Clock: clocktesting.NewFakeClock(epoch)})
		tenant := store.Tenant(contoso)
		benchSync(b, tenant, inventory.SyncRequest{})
		first := (heap() - before) / benchUsers
		benchSync(b, tenant, inventory.SyncRequest{})
		if total := tenant.Summary().Users.Total; total != benchUsers {
			b.Fatalf("%d users", total)
		}
		b.ReportMetric(first, "B/user-first")
		b.ReportMetric((heap()-before)/benchUsers, "B/user")
		runtime.KeepAlive(tenant)
	}
}

// benchSettled is a tenant of which everything was read.
func benchSettled(b *testing.B) *inventory.Tenant {
	b.Helper()
	tenant := inventory.New(inventory.Options{Clock: clocktesting.NewFakeClock(epoch)}).Tenant(contoso)
	benchSync(b, tenant, inventory.SyncRequest{})
	for i := range benchUsers {
		tenant.RecallPurpose(benchID(i), directory.MailboxUser)
	}
	benchSync(b, tenant, inventory.SyncRequest{})
	return tenant
}

// BenchmarkSettledSync is a sync in which nothing is due but the users' changes.
func BenchmarkSettledSync(b *testing.B) {
	tenant := benchSettled(b)
	for b.Loop() {
		benchSync(b, tenant, inventory.SyncRequest{})
	}
}

// BenchmarkFullFeeds is a sync that reads all feeds anew, without a change.
func BenchmarkFullFeeds(b *testing.B) {
	tenant := benchSettled(b)
	for b.Loop() {
		benchSync(b, tenant, inventory.SyncRequest{Force: true})
	}
}

// BenchmarkByID reads one account while all feeds are read anew.
func BenchmarkByID(b *testing.B) {
	tenant := benchSettled(b)
	done := make(chan struct{})
	go func() {
		defer close(done)
		benchSync(b, tenant, inventory.SyncRequest{Force: true})
	}()
	id := benchID(benchUsers / 2)
	for b.Loop() {
		tenant.ByID(id)
	}
	<-done
}
