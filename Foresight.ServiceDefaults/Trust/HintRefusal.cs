namespace Foresight.ServiceDefaults.Trust;

public enum HintRefusal
{
    /// <summary>No JSON object with a proof: written by hand, by another program or by an earlier version.</summary>
    Unsigned,

    Forged,

    /// <summary>Genuine once: older than its lifetime, or older than another value of the same key.</summary>
    Stale,

    /// <summary>Genuine, but its content contradicts what is known, or it is from the future.</summary>
    Implausible,
}

public static class HintKinds
{
    public const string Lease = "lease";
    public const string Node = "node";
    public const string Timeline = "timeline";

    public static IReadOnlyList<string> All { get; } = [Lease, Node, Timeline];
}
