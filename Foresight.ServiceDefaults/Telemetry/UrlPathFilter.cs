using System.Diagnostics;
using OpenTelemetry;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>A provider of chain endpoints puts its key into the path, so spans of HTTP clients name the server only.</summary>
internal sealed class UrlPathFilter : BaseProcessor<Activity>
{
    public override void OnEnd(Activity data)
    {
        if (data.Source.Name == "System.Net.Http" && data.GetTagItem("url.full") is string url && Uri.TryCreate(url, UriKind.Absolute, out var parsed))
            data.SetTag("url.full", parsed.GetLeftPart(UriPartial.Authority));
    }
}
