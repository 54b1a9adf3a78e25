using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Foresight.ServiceDefaults.Hosting;

/// <param name="Id">Unique among the running processes, because one that finds its id used by an older process adds a suffix.</param>
/// <param name="Service">Name in telemetry: matching, api, console, unless <c>OTEL_SERVICE_NAME</c> names another.</param>
public sealed record NodeIdentity(string Id, string Service, string Version, DateTimeOffset StartedAt)
{
    /// <summary>Longest <see cref="Id"/>, in ASCII.</summary>
    public const int MaximumLength = 63;

    private const int SuffixLength = 6;

    public event Action<string>? Renamed;

    public string Id { get; private set; } = Id;

    /// <summary>Unique to this process, so that two processes with one <see cref="Id"/> can notice each other.</summary>
    public Guid Instance { get; } = Guid.NewGuid();

    public static bool IsValid(string id) =>
        id.Length is > 0 and <= MaximumLength && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>
    /// Two processes with one id would take each other's place, so the younger one changes its own. Log lines, sessions and telemetry keep
    /// the id with which they began.
    /// </summary>
    public void TakeOwnName()
    {
        Id = $"{Id[..Math.Min(Id.Length, MaximumLength - SuffixLength - 1)]}-{Instance.ToString("N")[..SuffixLength]}";
        Renamed?.Invoke(Id);
    }

    /// <summary>
    /// The order goes from what an operator names to what only identifies the process: <c>NODE_ID</c>, <c>POD_NAME</c>,
    /// <c>service.instance.id</c> of <c>OTEL_RESOURCE_ATTRIBUTES</c> after the service's name, as in Aspire's dashboard (it differs between
    /// replicas that otherwise share their environment), <c>HOSTNAME</c> (set in containers), then machine name and process id.
    /// </summary>
    public static NodeIdentity From(IConfiguration configuration, string applicationName, DateTimeOffset now)
    {
        var named = configuration.Optional("OTEL_SERVICE_NAME");
        var (setting, id) =
            configuration.Optional("NODE_ID") is { } own ? ("NODE_ID", own)
            : configuration.Optional("POD_NAME") is { } pod ? ("POD_NAME", pod)
            : InstanceIdOf(configuration.Optional("OTEL_RESOURCE_ATTRIBUTES")) is { } instance
                ? ("service.instance.id of OTEL_RESOURCE_ATTRIBUTES", named is null ? instance : $"{named}-{instance}")
            : configuration.Optional("HOSTNAME") is { } host ? ("HOSTNAME", host)
            : ("The machine's name", $"{Environment.MachineName}-{Environment.ProcessId}");
        if (!IsValid(id))
            throw new SettingException(
                $"{setting} must be at most {MaximumLength} letters, digits, dots, dashes and underscores; NODE_ID comes before it."
            );

        var service = named ?? applicationName;
        var assembly = Assembly.GetEntryAssembly() ?? typeof(NodeIdentity).Assembly;
        var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
        return new NodeIdentity(id, service, version, now);
    }

    private static string? InstanceIdOf(string? resourceAttributes) =>
        resourceAttributes
            ?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2))
            .FirstOrDefault(pair => pair is ["service.instance.id", _])
            ?[1];
}
