using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Settlement;

public static class BatchRules
{
    /// <summary>Five blocks of twelve seconds: the default of SETTLEMENT_STUCK_BLOCKS, on a chain as slow as Ethereum.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    /// <param name="signer">The current key's address; null if it is not known. What a former key signed waits in no line.</param>
    public static bool IsInFlight(BatchView batch, string? signer) =>
        BatchStates.IsInFlight(batch.State) && (signer is null || signer == batch.Signer);

    /// <summary>It holds up every later one, because the chain takes nonces in order.</summary>
    public static bool IsStuck(BatchView batch, string? signer, DateTimeOffset now) =>
        IsInFlight(batch, signer) && now - (batch.BroadcastAt ?? batch.CreatedAt) > LongestWait;

    /// <summary>One that was replaced is no fault: another one of its nonce goes on.</summary>
    public static string ToneOf(string state) =>
        state switch
        {
            BatchStates.Final => Tones.Good,
            BatchStates.Failed => Tones.Bad,
            BatchStates.Replaced => Tones.Quiet,
            _ => Tones.Busy,
        };
}
