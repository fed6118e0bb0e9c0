{{/* Name of the chart, cut to what Kubernetes allows. */}}
{{- define "playlista.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of the release's objects; the chart's name is not said twice. Short enough for every suffix. */}}
{{- define "playlista.fullname" -}}
{{- $name := include "playlista.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What the Deployment selects by: it can never change. */}}
{{- define "playlista.selectorLabels" -}}
app.kubernetes.io/name: {{ include "playlista.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: daemon
{{- end -}}

{{/* Labels of every object, without the component. */}}
{{- define "playlista.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "playlista.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "playlista.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "playlista.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "playlista.dataClaim" -}}
{{- default (printf "%s-data" (include "playlista.fullname" .)) .Values.persistence.data.existingClaim -}}
{{- end -}}

{{- define "playlista.image" -}}
{{- $image := .Values.image -}}
{{- $tag := default (printf "%s-%s" .Chart.AppVersion $image.variant) $image.tag -}}
{{- printf "%s:%s" $image.repository $tag -}}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{/* The restricted Pod Security Standard, for the daemon and for the test. */}}
{{- define "playlista.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ .Values.securityContext.runAsUser }}
runAsGroup: {{ .Values.securityContext.runAsGroup }}
fsGroup: {{ .Values.securityContext.fsGroup }}
fsGroupChangePolicy: {{ .Values.securityContext.fsGroupChangePolicy }}
{{- with .Values.securityContext.supplementalGroups }}
supplementalGroups: {{ toJson . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "playlista.containerSecurityContext" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* A probe: path and the values' numbers. */}}
{{- define "playlista.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
{{- toYaml .numbers | nindent 0 }}
{{- end -}}

{{/* One endpoint of a ServiceMonitor or PodMonitor. */}}
{{- define "playlista.monitorEndpoint" -}}
port: http
path: /metrics
interval: {{ .interval }}
scrapeTimeout: {{ .scrapeTimeout }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
