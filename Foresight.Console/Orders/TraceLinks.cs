using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Console.Orders;

/// <summary>Where the tracing system shows a trace: the console knows its id alone.</summary>
public sealed class TraceLinks
{
    public const string Setting = "TRACE_URL";

    private const string Place = "{id}";

    private readonly string? _template;

    /// <exception cref="SettingException">No http(s) address, or one without the place of the id.</exception>
    public TraceLinks(IConfiguration configuration)
    {
        _template = configuration.Optional(Setting);
        if (_template is null)
            return;
        if (
            !_template.Contains(Place, StringComparison.Ordinal)
            || !Uri.TryCreate(_template.Replace(Place, "0", StringComparison.Ordinal), UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https")
        )
            throw new SettingException($"{Setting} must be an http or https address with {Place} where the id of the trace stands.");
    }

    /// <returns>Null where traces have no page, and the id is text.</returns>
    public string? Of(string? traceId) =>
        traceId is null ? null : _template?.Replace(Place, Uri.EscapeDataString(traceId), StringComparison.Ordinal);
}
