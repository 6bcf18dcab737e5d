package inventory_test

import (
	"context"
	"strconv"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/directory"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

var _ = Describe("Readers", func() {
	It("are served while a page is being fetched", func() {
		w := newWorld().settled(person("a"))
		served := 0
		w.graph.users.during = func(string) {
			_, ok := w.tenant.ByID("a")
			_, named := w.tenant.ByName("a@contoso.com")
			w.tenant.Expect("a", inventory.Expectation{Enabled: directory.No})
			if ok && named && w.tenant.Summary().Users.Total == 1 {
				served++
			}
		}
		w.graph.rooms.during = w.graph.users.during
		w.clock.SetTime(epoch.Add(12 * time.Hour))
		w.sync()
		Expect(served).To(Equal(2))
	})

	It("and writers and syncs may come all at once", func() {
		w := newWorld()
		pages := make([]directory.UserChanges, 0, 10)
		for p := range 10 {
			var users []directory.User
			for i := range 100 {
				users = append(users, person(strconv.Itoa(p*100+i)))
			}
			pages = append(pages, usersPage(users...))
		}
		pagesOfChanges(w, "", "r1", pages...)
		store := inventory.New(inventory.Options{Clock: w.clock})
		tenant := store.Tenant(contoso)
		var changes sync.Map
		store.Subscribe(func(_ types.NamespacedName, batch []inventory.Change) {
			for _, change := range batch {
				changes.Store(change.ID, true)
			}
		})
		var group sync.WaitGroup
		for _, act := range []func(int){
			func(i int) { tenant.ByID(strconv.Itoa(i)) },
			func(i int) { tenant.ByName(strconv.Itoa(i) + "@contoso.com") },
			func(i int) {
				tenant.Expect(strconv.Itoa(i), inventory.Expectation{Enabled: directory.TristateOf(i%2 == 0)})
			},
			func(i int) { tenant.Refresh(person(strconv.Itoa(i), titled("Cook"))) },
			func(int) { tenant.Summary() },
			func(int) { tenant.Recheck() },
			func(i int) { tenant.Range(func(o inventory.Observation) bool { return o.User.ID != strconv.Itoa(i) }) },
			func(int) { w.clock.Step(time.Second) },
		} {
			group.Go(func() {
				for i := range 500 {
					act(i)
				}
			})
		}
		for range 5 {
			_, err := tenant.Sync(context.Background(), w.graph, inventory.SyncRequest{Force: true})
			Expect(err).NotTo(HaveOccurred())
		}
		group.Wait()
		Expect(tenant.Summary().Users).To(Equal(counted(tenant)))
		heard := 0
		changes.Range(func(any, any) bool { heard++; return true })
		Expect(heard).To(Equal(1000))
	})
})
