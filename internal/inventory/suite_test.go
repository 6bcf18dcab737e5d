package inventory_test

import (
	"context"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

func TestInventory(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Inventory")
}

var (
	contoso = types.NamespacedName{Namespace: "contoso", Name: "contoso"}
	epoch   = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
)

// world is one tenant, what Graph says of it, and what subscribers heard.
type world struct {
	clock  *clocktesting.FakeClock
	graph  *fakeReader
	store  *inventory.Store
	tenant *inventory.Tenant
	heard  []inventory.Change
}

func newWorld() *world {
	w := &world{clock: clocktesting.NewFakeClock(epoch), graph: newFakeReader()}
	w.store = inventory.New(inventory.Options{Clock: w.clock})
	w.tenant = w.store.Tenant(contoso)
	w.store.Subscribe(func(key types.NamespacedName, changes []inventory.Change) {
		Expect(key).To(Equal(contoso))
		w.heard = append(w.heard, changes...)
	})
	return w
}

// sync must succeed.
func (w *world) sync(groups ...string) inventory.SyncResult {
	GinkgoHelper()
	result, err := w.tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{Groups: groups})
	Expect(err).NotTo(HaveOccurred())
	return result
}

// settled has synced with the users given, until there was nothing left to read, and
// forgets what was heard and asked.
func (w *world) settled(users ...directory.User) *world {
	GinkgoHelper()
	w.graph.users.pages[""] = &directory.UserChanges{Users: users, Resume: "r1"}
	w.sync()
	w.sync()
	w.heard = nil
	w.graph.forget()
	return w
}

// tell is the next round: one page that is asked for by the last resume link.
func (w *world) tell(resume, next string, users ...directory.User) {
	GinkgoHelper()
	w.graph.users.pages[resume] = &directory.UserChanges{Users: users, Resume: next}
	w.sync()
}

// heardIDs are the ids of the changes heard since the last call.
func (w *world) heardIDs() []string {
	ids := make([]string, 0, len(w.heard))
	for _, change := range w.heard {
		ids = append(ids, change.ID)
	}
	w.heard = nil
	slices.Sort(ids)
	return ids
}

func (w *world) seen(id string) inventory.Observation {
	GinkgoHelper()
	o, ok := w.tenant.ByID(id)
	Expect(ok).To(BeTrue(), "account %s is not known", id)
	return o
}

func (w *world) feed(name inventory.FeedName) inventory.FeedStatus {
	GinkgoHelper()
	for _, status := range w.tenant.Summary().Feeds {
		if status.Name == name {
			return status
		}
	}
	Fail("no feed " + string(name))
	return inventory.FeedStatus{}
}

// person is an active member.
func person(id string, change ...func(*directory.User)) directory.User {
	user := directory.User{
		ID:                id,
		UserPrincipalName: id + "@contoso.com",
		DisplayName:       id,
		Enabled:           directory.Yes,
		UserType:          "Member",
		Created:           epoch.AddDate(-1, 0, 0),
	}
	for _, f := range change {
		f(&user)
	}
	return user
}

func blocked(u *directory.User) { u.Enabled = directory.No }

func named(upn string) func(*directory.User) {
	return func(u *directory.User) { u.UserPrincipalName = upn }
}

func titled(title string) func(*directory.User) {
	return func(u *directory.User) { u.JobTitle = title }
}

func licensed(skus ...string) func(*directory.User) {
	return func(u *directory.User) { u.SKUs = skus }
}

func sessionsFrom(at time.Time) func(*directory.User) {
	return func(u *directory.User) { u.SessionsValidFrom = at }
}

func refusal(kind directory.Kind) error { return &directory.Error{Kind: kind} }

func throttled(after time.Duration) error {
	return &directory.Error{Kind: directory.KindThrottled, RetryAfter: after}
}

// soonest is when something is due, in its rhythm or not.
func soonest(result inventory.SyncResult) time.Time {
	if result.NextDue.IsZero() || !result.NextFeed.IsZero() && result.NextFeed.Before(result.NextDue) {
		return result.NextFeed
	}
	return result.NextDue
}
