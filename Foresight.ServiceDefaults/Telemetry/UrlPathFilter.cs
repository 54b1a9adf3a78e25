using System.Diagnostics;
using OpenTelemetry;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>
/// A provider of chain endpoints has its API key in the path, so a client's span names only the server. Paths of this product contain
/// accounts (<c>/accounts/0x…</c>), so a request's span names the route.
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
        // Without a route null removes the attribute, so no path remains.
        if (data.Source.Name == "Microsoft.AspNetCore")
            data.SetTag("url.path", data.GetTagItem("http.route"));
    }
}
