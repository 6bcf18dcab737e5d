package controllers

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/uuid"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

const cachedInBench = 20_000

// cachedJSON is a discovered user as the API server sends it.
func cachedJSON(b testing.TB, i int) []byte {
	b.Helper()
	now := metav1.NewTime(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC))
	upn := fmt.Sprintf("given%d.surname%d@contoso.com", i, i)
	user := &v1alpha1.ManagedUser{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ManagedUser"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "contoso", Name: fmt.Sprintf("given%d-surname%d-3fe687", i, i), UID: uuid.NewUUID(),
			ResourceVersion: fmt.Sprint(i), Generation: 1, CreationTimestamp: now,
			Labels: map[string]string{v1alpha1.DiscoveredLabel: "true"},
			ManagedFields: []metav1.ManagedFieldsEntry{
				{Manager: v1alpha1.DiscoveryFieldManager, Operation: metav1.ManagedFieldsOperationApply, Time: &now, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:id":{}}}`)},
				{Manager: v1alpha1.FieldManager, Operation: metav1.ManagedFieldsOperationUpdate, Subresource: "status", Time: &now, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:status":{}}`)},
			},
		},
		Spec: v1alpha1.ManagedUserSpec{
			TenantRef: v1alpha1.ObjectReference{Name: "contoso"}, ID: string(uuid.NewUUID()), UserPrincipalName: upn,
			CreationPolicy: v1alpha1.CreationPolicyNever, DeletionPolicy: v1alpha1.DeletionPolicyRetain,
		},
		Status: v1alpha1.ManagedUserStatus{
			ObservedGeneration: 1, State: v1alpha1.StateActive, Sync: v1alpha1.SyncInSync, Source: v1alpha1.SourceGraph, AccountType: "Person",
			UserPrincipalName: upn, Mail: upn, DisplayName: fmt.Sprintf("Given%d Surname%d", i, i), GivenName: fmt.Sprintf("Given%d", i), Surname: fmt.Sprintf("Surname%d", i),
			JobTitle: fmt.Sprintf("Title %d", i%200), Department: fmt.Sprintf("Department %d", i%40), UserType: "Member",
			MFA:   &v1alpha1.MFAStatus{State: v1alpha1.MFARegistered, Methods: []string{"microsoftAuthenticatorPush", "softwareOneTimePasscode"}, DefaultMethod: "push", AsOf: &now},
			Admin: v1alpha1.False, Licensed: v1alpha1.True, ValidatedDevice: v1alpha1.False,
			Licenses: []v1alpha1.UserLicense{{SKU: "SPB", Name: "Microsoft 365 Business Premium", ViaGroup: "01421c0b-fc6f-45c5-a3e8-cdc21d711dca"}},
			Groups:   &v1alpha1.GroupsStatus{Total: 4, Names: []string{"All Company", "All Users", fmt.Sprintf("Department %d", i%40), "Licensing Business Premium"}},
			Devices:  &v1alpha1.DevicesStatus{}, LastSignIn: &v1alpha1.LastSignIn{Successful: &now}, LastPasswordChange: &now,
			Conditions: []metav1.Condition{{
				Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "Succeeded", Message: "nothing is left to do", LastTransitionTime: now, ObservedGeneration: 1,
			}},
		},
	}
	user.Status.ID = user.Spec.ID
	data, err := json.Marshal(user)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// BenchmarkCache tells how much memory a discovered user takes in the cache, indexes
// included.
func BenchmarkCache(b *testing.B) {
	for b.Loop() {
		before := liveHeap()
		indexer := toolscache.NewIndexer(toolscache.MetaNamespaceKeyFunc, userIndexers())
		if err := indexer.AddIndexers(toolscache.Indexers{toolscache.NamespaceIndex: toolscache.MetaNamespaceIndexFunc}); err != nil {
			b.Fatal(err)
		}
		transform := userTransform()
		for i := range cachedInBench {
			user := &v1alpha1.ManagedUser{}
			if err := json.Unmarshal(cachedJSON(b, i), user); err != nil {
				b.Fatal(err)
			}
			kept, err := transform(user)
			if err != nil {
				b.Fatal(err)
			}
			if err := indexer.Add(kept); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric((liveHeap()-before)/cachedInBench, "B/user")
		runtime.KeepAlive(indexer)
	}
}

// BenchmarkByAccount finds the object of an account.
func BenchmarkByAccount(b *testing.B) {
	indexer := toolscache.NewIndexer(toolscache.MetaNamespaceKeyFunc, userIndexers())
	for i := range cachedInBench {
		user := &v1alpha1.ManagedUser{}
		user.Namespace, user.Name, user.UID = "contoso", fmt.Sprintf("user%d", i), types.UID(fmt.Sprint(i))
		user.Spec.TenantRef.Name, user.Spec.ID = "contoso", fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		user.Spec.UserPrincipalName = fmt.Sprintf("user%d@contoso.com", i)
		if err := indexer.Add(user); err != nil {
			b.Fatal(err)
		}
	}
	index := &cachedUsers{indexer: indexer}
	b.ReportAllocs()
	for b.Loop() {
		users, err := index.ByAccount(b.Context(), "contoso", "contoso", "user77@contoso.com")
		if err != nil || len(users) != 1 {
			b.Fatalf("%d users, %v", len(users), err)
		}
	}
}

func liveHeap() float64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}
