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

{{/* Bytes of a quantity of memory such as 256Mi or 0.5G. */}}
{{- define "playlista.bytes" -}}
{{- $factors := dict "k" 1e3 "Ki" 1024 "M" 1e6 "Mi" 1048576 "G" 1e9 "Gi" 1073741824 "T" 1e12 "Ti" 1099511627776 -}}
{{- $number := regexFind "^[0-9.]+" . -}}
{{- mulf (float64 $number) (float64 (get $factors (trimPrefix $number .) | default 1)) -}}
{{- end -}}

{{/* Requests and limits without what is empty. A limit in which the daemon cannot work, or below the request, is refused. */}}
{{- define "playlista.resources" -}}
{{- $request := .Values.resources.requests.memory -}}
{{- $limit := .Values.resources.limits.memory -}}
{{- $least := "192Mi" -}}
{{- if $limit -}}
{{- $bytes := include "playlista.bytes" $limit | float64 -}}
{{- if lt $bytes (include "playlista.bytes" $least | float64) -}}
{{- fail (printf "resources.limits.memory is %s; the daemon needs at least %s" $limit $least) -}}
{{- end -}}
{{- if and $request (gt (include "playlista.bytes" $request | float64) $bytes) -}}
{{- fail (printf "resources.limits.memory is %s, less than resources.requests.memory, which is %s" $limit $request) -}}
{{- end -}}
{{- end -}}
{{- range $kind := list "requests" "limits" }}
{{ $kind }}:
  {{- range $resource, $quantity := get $.Values.resources $kind }}
  {{- if $quantity }}
  {{ $resource }}: {{ $quantity | quote }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* A container of the values that runs before the daemon: our security context, and our resources unless it has its own. */}}
{{- define "playlista.initContainer" -}}
{{- $container := deepCopy .container -}}
{{- $security := default (dict) $container.securityContext -}}
{{- /* Key by key: merge takes false for empty, and would let "allowPrivilegeEscalation: true" stand. */ -}}
{{- range $key, $value := include "playlista.containerSecurityContext" .root | fromYaml -}}
{{- $_ := set $security $key $value -}}
{{- end -}}
{{- $_ := set $container "securityContext" $security -}}
{{- $_ := set $container "resources" (default (include "playlista.resources" .root | fromYaml) $container.resources) -}}
{{- toYaml $container -}}
{{- end -}}

{{/* The runbook of the project, for values that say nothing. */}}
{{- define "playlista.runbook" -}}
{{- printf "%s/blob/main/docs/runbook.md" .Chart.Home -}}
{{- end -}}

{{/* PromQL matchers of the series of this release's pods, and of no other's: pods are named after the Deployment. */}}
{{- define "playlista.seriesMatchers" -}}
{{- printf "namespace=%q,pod=~\"%s-[^-]+-[^-]+\"" .Release.Namespace (include "playlista.fullname" .) -}}
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
