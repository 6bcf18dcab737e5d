package tenancy_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/m365-operator/m365-operator/internal/tenancy"
)

var _ = Describe("The workers of a tenant", func() {
	var (
		w      *world
		c      *tenancy.Connection
		called []string
		held   []func()
	)

	waiter := func(name string, priority int) tenancy.Waiter {
		return tenancy.Waiter{
			Key: types.NamespacedName{Namespace: "contoso", Name: name}, Priority: priority,
			Call: func() { called = append(called, name) },
		}
	}
	asks := func(name string, priority int) bool {
		release, ok := c.TryAcquire(waiter(name, priority))
		if ok {
			held = append(held, release)
		}
		return ok
	}

	BeforeEach(func() {
		called, held = nil, nil
		w = newWorld()
		w.create(secret(contoso, "app", w.app()))
		var err error
		c, err = w.pool.Connect(background, w.own())
		Expect(err).NotTo(HaveOccurred())
		for range tenancy.DefaultWorkers / 4 {
			Expect(asks("holder", 0)).To(BeTrue())
		}
		Expect(asks("late", 0)).To(BeFalse(), "a quarter of all are held")
	})

	It("stay as many after its key changed", func() {
		s := secret(contoso, "app", w.app())
		s.Data["clientSecret"] = []byte("another")
		Expect(w.Update(background, s)).To(Succeed())
		var err error
		c, err = w.pool.Connect(background, w.own())
		Expect(err).NotTo(HaveOccurred())
		Expect(asks("late", 0)).To(BeFalse())

		held[0]()
		held[0]() // twice is once
		Expect(asks("late", 0)).To(BeTrue())
		Expect(asks("later", 0)).To(BeFalse())
	})

	It("are called for in the order of urgency, then of arrival, each once", func() {
		Expect(asks("later", 0)).To(BeFalse())
		Expect(asks("leaver", 100)).To(BeFalse())
		Expect(asks("late", 0)).To(BeFalse(), "who asks again keeps the place")
		Expect(called).To(BeEmpty())
		for _, release := range held {
			release()
		}
		Expect(called).To(Equal([]string{"leaver", "late", "later"}))
	})

	It("are kept for who is urgent, half as many as there are for all", func() {
		urgent := func(name string) bool {
			w := waiter(name, 100)
			w.Urgent = true
			release, ok := c.TryAcquire(w)
			if ok {
				held = append(held, release)
			}
			return ok
		}
		for range tenancy.DefaultWorkers / 8 {
			Expect(urgent("leaver")).To(BeTrue())
		}
		Expect(urgent("another")).To(BeFalse())
		Expect(called).To(BeEmpty())

		held[len(held)-1]()
		Expect(called).To(Equal([]string{"another"}), "one of the kept is for nobody else")
		c.CallNext()
		Expect(called).To(Equal([]string{"another"}))
		held[0]()
		Expect(called).To(Equal([]string{"another", "late"}))
	})

	It("move who has become urgent to the front", func() {
		Expect(asks("later", 0)).To(BeFalse())
		Expect(asks("later", 100)).To(BeFalse())
		held[0]()
		held[1]()
		held[2]()
		Expect(called).To(Equal([]string{"later", "late"}))
	})

	It("do not call who got one meanwhile", func() {
		held[0]()
		Expect(called).To(Equal([]string{"late"}))
		Expect(asks("fast", 0)).To(BeTrue())
		Expect(asks("late", 0)).To(BeFalse(), "somebody was faster")
		held[1]()
		held[2]()
		Expect(called).To(Equal([]string{"late", "late"}))
	})

	It("go to the next when who was called needed none", func() {
		Expect(asks("later", 0)).To(BeFalse())
		c.CallNext()
		Expect(called).To(BeEmpty(), "none is free")
		held[0]()
		c.CallNext()
		Expect(called).To(Equal([]string{"late", "later"}))
	})
})
