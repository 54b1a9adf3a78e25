using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Foresight.AppHost;

/// <summary>Pure, so that every command line can be tested. Settings (<c>--Section:Key=value</c>) pass through.</summary>
internal sealed record AppHostArguments
{
    public const string Usage =
        "Known are --ephemeral, --no-simulator, --sync-standby, --drill, --containers, --shards N, --replicas N, "
        + "--api-port N, --console-port N, "
        + "--Section:Key=value, and the verb drill.";

    private const int DefaultApiPort = 5080;
    private const int DefaultConsolePort = 5090;

    /// <summary>Must equal Foresight.Protocol.Shards.Maximum, which the AppHost does not reference.</summary>
    private const int MaximumShards = 16;
    private const int MaximumReplicas = 8;

    private static readonly Dictionary<string, Func<AppHostArguments, AppHostArguments>> Flags = new()
    {
        ["--no-simulator"] = parsed => parsed with { Simulator = false },
        ["--ephemeral"] = parsed => parsed with { Ephemeral = true },
        ["--drill"] = parsed => parsed with { Drill = true },
        ["--sync-standby"] = parsed => parsed with { SyncStandby = true },
        ["--containers"] = parsed => parsed with { Containers = true },
    };

    private static readonly Dictionary<string, (string Kind, int Most, Func<AppHostArguments, int, AppHostArguments> Set)> Numbers = new()
    {
        ["--shards"] = ("number", MaximumShards, (parsed, number) => parsed with { Shards = number }),
        ["--replicas"] = ("number", MaximumReplicas, (parsed, number) => parsed with { Replicas = number }),
        ["--api-port"] = ("port", IPEndPoint.MaxPort, (parsed, port) => parsed with { ApiPort = port }),
        ["--console-port"] = ("port", IPEndPoint.MaxPort, (parsed, port) => parsed with { ConsolePort = port }),
    };

    // `aspire publish` and azd append arguments of their own after one of these, which must pass through.
    private static readonly string[] PublishWords = ["--publisher", "--operation"];

    public int ApiPort { get; private init; } = DefaultApiPort;

    public int ConsolePort { get; private init; } = DefaultConsolePort;

    public bool Simulator { get; private init; } = true;

    public bool Ephemeral { get; private init; }

    /// <summary>
    /// Off by default, because relays carry every byte of the leader's connections: they can cut it off from its servers.
    /// </summary>
    public bool Drill { get; private init; }

    /// <summary>Makes a commit wait until the replica has it on disk, so that its promotion loses no acknowledged order.</summary>
    public bool SyncStandby { get; private init; }

    public bool Containers { get; private init; }

    public int Replicas { get; private init; } = 1;

    public IReadOnlyList<string> Rest { get; private init; } = [];

    /// <summary>Fixed when the database is created: a later start with another number fails.</summary>
    public int Shards { get; private init; } = 1;

    public static bool TryParse(
        IReadOnlyList<string> args,
        [NotNullWhen(true)] out AppHostArguments? arguments,
        [NotNullWhen(false)] out string? mistake
    )
    {
        var parsed = new AppHostArguments();
        var publishing = args.Any(a => PublishWords.Contains(a));
        mistake = null;
        arguments = null;
        for (var i = 0; i < args.Count && mistake is null; i++)
        {
            if (Flags.TryGetValue(args[i], out var raise))
                parsed = raise(parsed);
            else if (Numbers.TryGetValue(args[i], out var rule))
            {
                mistake = TryNumber(args, ++i, rule.Kind, rule.Most, out var number);
                parsed = rule.Set(parsed, number);
            }
            else if (args[i].Split('=', 2) is [var name, _] && (Flags.ContainsKey(name) || Numbers.ContainsKey(name)))
                mistake = $"'{args[i]}': write {(Flags.ContainsKey(name) ? name : $"{name} N")}, without '='. {Usage}";
            else if (publishing || (args[i].StartsWith("--", StringComparison.Ordinal) && args[i].Contains('=')))
                parsed = parsed with { Rest = [.. parsed.Rest, args[i]] };
            else
                mistake = $"Unknown argument '{args[i]}'. {Usage}";
        }

        mistake ??= RelationProblem(parsed);
        if (mistake is not null)
            return false;
        arguments = parsed;
        return true;
    }

    private static string? RelationProblem(AppHostArguments parsed)
    {
        if (parsed.ApiPort + 1 > IPEndPoint.MaxPort)
            return $"--api-port {parsed.ApiPort}: the second Api node has the next port, which must not be above {IPEndPoint.MaxPort}.";
        if (parsed.ConsolePort == parsed.ApiPort || parsed.ConsolePort == parsed.ApiPort + 1)
            return $"--console-port {parsed.ConsolePort} must differ from the Api nodes' ports {parsed.ApiPort} and {parsed.ApiPort + 1}.";
        return null;
    }

    private static string? TryNumber(IReadOnlyList<string> args, int at, string kind, int most, out int number)
    {
        number = 0;
        if (at < args.Count && int.TryParse(args[at], out number) && number >= 1 && number <= most)
            return null;
        return $"{args[at - 1]} needs a {kind} from 1 to {most}{(at < args.Count ? $", not '{args[at]}'" : string.Empty)}.";
    }
}
