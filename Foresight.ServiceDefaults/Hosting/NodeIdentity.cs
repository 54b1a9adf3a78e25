using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Foresight.ServiceDefaults.Hosting;

/// <summary>Who this process is: on log lines, in the registry of nodes, in database sessions and in telemetry.</summary>
/// <param name="Id">Unique among the running processes: one that finds its name taken by an older one adds a part of its own.</param>
/// <param name="Service">matching, api, console.</param>
public sealed record NodeIdentity(string Id, string Service, string Version, DateTimeOffset StartedAt)
{
    private const int MaximumLength = 63;
    private const int SuffixLength = 6;

    /// <summary>Raised with the new name.</summary>
    public event Action<string>? Renamed;

    public string Id { get; private set; } = Id;

    /// <summary>Of this process alone.</summary>
    public Guid Instance { get; } = Guid.NewGuid();

    /// <summary>
    /// From here on this process goes by its name and a part of its own. Log lines, sessions and telemetry keep what they began with.
    /// </summary>
    public void TakeOwnName()
    {
        Id = $"{Id[..Math.Min(Id.Length, MaximumLength - SuffixLength - 1)]}-{Instance.ToString("N")[..SuffixLength]}";
        Renamed?.Invoke(Id);
    }

    /// <summary>
    /// <c>NODE_ID</c>, else <c>POD_NAME</c>, else <c>service.instance.id</c> of <c>OTEL_RESOURCE_ATTRIBUTES</c> (which differs among
    /// replicas of one resource that share their environment otherwise) after the service's name, as Aspire's dashboard shows it, else
    /// <c>HOSTNAME</c> (a container's own), else machine name and process id.
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
        if (id.Length > MaximumLength || id.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')))
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
