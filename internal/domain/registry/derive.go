package registry

import "strconv"

// Derived is a figure that follows from the answers; it is shown and never stored.
type Derived struct {
	Key   string // message key registry.d.<Key>
	Value string
	Unit  string
	Over  bool // beyond the limit of the alert
}

// Label is the message key of the figure's name.
func (d Derived) Label() string { return "registry.d." + d.Key }

// The limits of the alerts. They are working limits of programmes, not rules of
// an authority: air kerma at which skin is watched, contrast by kidney function,
// and the body mass index beyond which registers suspect a slip.
const (
	AlertKermaMGy      = 5000
	AlertContrastRatio = 3
	lowBMI, highBMI    = 150, 600 // tenths of kg/m²
)

// BMI is the body mass index in tenths of kg/m².
func BMI(r Record) (int, bool) {
	h, ok := r.Values.Scaled("height_cm", 0)
	w, ok2 := r.Values.Scaled("weight_kg", 1)
	if !ok || !ok2 || h == 0 {
		return 0, false
	}
	return (w*10000 + h*h/2) / (h * h), true
}

// PredictionError is the achieved less the predicted refraction, in hundredths
// of a dioptre.
func PredictionError(r Record) (int, bool) {
	a, ok := r.Values.Scaled("achieved_se_d", 2)
	p, ok2 := r.Values.Scaled("predicted_se_d", 2)
	return a - p, ok && ok2
}

// ContrastRatio is contrast in ml by glomerular filtration, in tenths.
func ContrastRatio(r Record) (int, bool) {
	c, ok := r.Values.Scaled("contrast_ml", 0)
	e, ok2 := r.Values.Scaled("egfr", 0)
	if !ok || !ok2 || e == 0 {
		return 0, false
	}
	return (c*10 + e/2) / e, true
}

// Opened reports angiographic success of a lesion: less than 20 % left and TIMI 3.
// The second value is false while one of the two is not answered.
func Opened(lesion Answers) (opened, answered bool) {
	left, ok := lesion.Scaled("stenosis_after", 0)
	flow := lesion.One("timi_after")
	return left < 20 && flow == "3", ok && flow != ""
}

// Derive lists the figures that follow from a record.
func Derive(r Record) []Derived {
	var out []Derived
	add := func(key string, n int, ok bool, places int, unit string, over bool) {
		if ok {
			out = append(out, Derived{key, Fixed(n, places), unit, over})
		}
	}
	bmi, ok := BMI(r)
	add("bmi", bmi, ok, 1, "kg/m²", bmi < lowBMI || bmi > highBMI)
	d, ok := Interval(r, "started_at", "ended_at")
	add("duration", d, ok, 0, "min", false)
	for _, x := range [][3]string{{"onset_to_door", "onset_at", "door_at"}, {"fmc_to_wire", "fmc_at", "wire_at"}, {"door_to_wire", "door_at", "wire_at"}, {"door_to_device", "door_at", "device_at"},
		{"onset_to_wire", "onset_at", "wire_at"}} {
		n, ok := Interval(r, x[1], x[2])
		add(x[0], n, ok, 0, "min", false)
	}
	ratio, ok := ContrastRatio(r)
	add("contrast_ratio", ratio, ok, 1, "", ratio > AlertContrastRatio*10)
	e, ok := PredictionError(r)
	add("prediction_error", e, ok, 2, "D", false)
	opened, answered := 0, 0
	for _, l := range r.Lesions {
		if yes, ok := Opened(l); ok {
			answered++
			if yes {
				opened++
			}
		}
	}
	if answered > 0 {
		out = append(out, Derived{"opened", strconv.Itoa(opened) + " / " + strconv.Itoa(answered), "", false})
	}
	return out
}

// DerivedKeys lists the names of the figures, for the catalogues.
func DerivedKeys() []string {
	return []string{"bmi", "duration", "onset_to_door", "fmc_to_wire", "door_to_wire", "door_to_device", "onset_to_wire", "contrast_ratio", "prediction_error", "opened"}
}

// Alert is something unlikely or dangerous that is recorded and looked at.
type Alert struct {
	Name  string // bmi, radiation, contrast, occlusion
	Path  string
	Value string
}

// Alerts lists what a second person should look at.
func Alerts(r Record) []Alert {
	var out []Alert
	if bmi, ok := BMI(r); ok && (bmi < lowBMI || bmi > highBMI) {
		out = append(out, Alert{"bmi", "weight_kg", Fixed(bmi, 1)})
	}
	if k, ok := r.Values.Scaled("air_kerma_mgy", 0); ok && k >= AlertKermaMGy {
		out = append(out, Alert{"radiation", "air_kerma_mgy", Fixed(k, 0)})
	}
	if ratio, ok := ContrastRatio(r); ok && ratio > AlertContrastRatio*10 {
		out = append(out, Alert{"contrast", "contrast_ml", Fixed(ratio, 1)})
	}
	for i, l := range r.Lesions {
		if l.Has("lesion_feature", "CTO") && l.One("timi_before") != "" && l.One("timi_before") != "0" {
			out = append(out, Alert{"occlusion", RowPath(i, "timi_before"), l.One("timi_before")})
		}
	}
	return out
}
