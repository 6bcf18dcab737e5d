package plan

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// weight is how much a finding says about its facet.
type weight int8

const (
	remark   weight = iota // all is as declared all the same
	declined               // not done, and nothing is left for the operator
	refused                // cannot be done until somebody changes something
	waiting                // not known yet
)

// finding is what there is to say about one entry of a list.
type finding struct {
	weight  weight
	reason  v1alpha1.Reason
	message string
}

// findings are what there is to say about a facet.
type findings []finding

func (f *findings) note(format string, args ...any) {
	*f = append(*f, finding{remark, v1alpha1.ReasonSucceeded, fmt.Sprintf(format, args...)})
}

func (f *findings) decline(reason v1alpha1.Reason, format string, args ...any) {
	*f = append(*f, finding{declined, reason, fmt.Sprintf(format, args...)})
}

func (f *findings) refuse(reason v1alpha1.Reason, format string, args ...any) {
	*f = append(*f, finding{refused, reason, fmt.Sprintf(format, args...)})
}

func (f *findings) wait(format string, args ...any) {
	*f = append(*f, finding{waiting, v1alpha1.ReasonWaiting, fmt.Sprintf(format, args...)})
}

// waits tells whether something is not known yet.
func (f findings) waits() bool {
	return slices.ContainsFunc(f, func(one finding) bool { return one.weight == waiting })
}

// maxMessage bounds a condition's message, in bytes, to what a person still reads.
const maxMessage = 960

// verdict says the gravest first; fine is what holds when there is nothing grave.
func (f findings) verdict(fine string) Verdict {
	v := Verdict{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSucceeded}
	var messages []string
	for w := waiting; w >= remark; w-- {
		for _, one := range f {
			if one.weight != w {
				continue
			}
			if len(messages) == 0 && w != remark {
				v = Verdict{Status: metav1.ConditionFalse, Reason: one.reason, Refused: w == refused}
			}
			messages = append(messages, one.message)
		}
	}
	switch {
	case f.waits():
		v.Status = metav1.ConditionUnknown
	case v.Status == metav1.ConditionTrue:
		messages = append([]string{fine}, messages...)
	}
	v.Message = join(messages)
	return v
}

// join cuts what is too long for a condition, and says how much it left out.
func join(messages []string) string {
	var b strings.Builder
	for i, m := range messages {
		if i > 0 && b.Len()+len(m) > maxMessage {
			fmt.Fprintf(&b, "; and %d more", len(messages)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(m)
	}
	return b.String()
}

// maxValue bounds a change's From and To, in bytes; the API allows 1,024 characters.
const maxValue = 1000

// values writes parts of a change for people.
func values(parts []string) string {
	text := strings.Join(parts, ", ")
	if len(text) <= maxValue {
		return text
	}
	return strings.ToValidUTF8(text[:maxValue], "") + " …"
}
