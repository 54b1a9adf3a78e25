using System.Diagnostics;
using OpenTelemetry;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>
/// Keeps paths out of spans. A provider of chain endpoints has its key in the path, so the span of a client names the server only; our own
/// paths hold accounts (<c>/accounts/0x…</c>), so the span of a request names the route.
/// </summary>
internal sealed class UrlPathFilter : BaseProcessor<Activity>
{
    public override void OnEnd(Activity data)
    {
        if (
            data.Source.Name == "System.Net.Http"
            && data.GetTagItem("url.full") is string url
            && Uri.TryCreate(url, UriKind.Absolute, out var parsed)
        )
            data.SetTag("url.full", parsed.GetLeftPart(UriPartial.Authority));
        // Without a route, null takes the attribute out.
        if (data.Source.Name == "Microsoft.AspNetCore")
            data.SetTag("url.path", data.GetTagItem("http.route"));
    }
}
