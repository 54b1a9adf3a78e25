using System.Text.Json;
using Foresight.Cluster;
using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Simulation.Mutants;

/// <summary>Believes a record without a proof, as a program does that checks a proof only where it finds one.</summary>
internal sealed class BelieveUnsignedLease : Mutant
{
    public override Func<string, LeaseRecord?> Leases(LeaseHints hints)
    {
        var real = base.Leases(hints);
        return value => real(value) ?? Unsigned(value);
    }

    private static LeaseRecord? Unsigned(string value)
    {
        if (!value.EndsWith('}') || value.Contains("\"proof\"", StringComparison.Ordinal))
            return null;
        return JsonSerializer.Deserialize<LeaseRecord>(value, JsonSerializerOptions.Web);
    }
}

/// <summary>A copy of an old record has a valid signature too.</summary>
internal sealed class BelieveOldLease : Mutant
{
    public override Func<string, LeaseRecord?> Leases(LeaseHints hints)
    {
        var real = base.Leases(hints);
        var believed = new Dictionary<string, LeaseRecord>();
        return value => real(value) is { } record ? believed[value] = record : believed.GetValueOrDefault(value);
    }
}

/// <summary>What is deleted or overwritten stays so if a leader shows itself only once.</summary>
internal sealed class LeaseNotRestored : Mutant
{
    public override ILeaseBoard Board(ILeaseBoard real) => new Once(real);

    private sealed class Once(ILeaseBoard real) : ILeaseBoard
    {
        private readonly HashSet<Guid> _shown = [];

        public void Show(string resource, LeaseRecord record)
        {
            if (_shown.Add(record.Token))
                real.Show(resource, record);
        }

        public Task WithdrawAsync(string resource, LeaseRecord record) => real.WithdrawAsync(resource, record);
    }
}

internal sealed class BelieveUnsealedMessage : Mutant
{
    public override Func<byte[], ReadOnlyMemory<byte>?> Messages(MessageVerifier verifier) =>
        message => verifier.Open(message, out var content) == SealFault.None ? content : Unsealed(message);

    private static ReadOnlyMemory<byte>? Unsealed(byte[] message)
    {
        if (message.AsSpan().StartsWith("{\""u8))
            return message;
        return null;
    }
}

/// <summary>A replayed message has a valid seal too; only the counters of senders betray it.</summary>
internal sealed class BelieveReplayedMessage : Mutant
{
    public override Func<byte[], ReadOnlyMemory<byte>?> Messages(MessageVerifier verifier)
    {
        var contents = new Dictionary<string, ReadOnlyMemory<byte>>();
        return message =>
        {
            var seal = Convert.ToHexString(message.AsSpan(0, Math.Min(message.Length, PurposeKeys.TagBytes)));
            if (verifier.Open(message, out var known) == SealFault.None)
                return contents[seal] = known;
            return contents.TryGetValue(seal, out var content) ? content : (ReadOnlyMemory<byte>?)null;
        };
    }
}
