using System.Runtime.CompilerServices;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Vault;

namespace Foresight.Simulation.Mutants;

internal sealed class LeavingIsFree : Mutant
{
    public override long Observed(long confirmed, long left, PurseAmounts purse) => confirmed + purse.Leaving;
}

/// <summary>A request that was cancelled in a block that can still be undone.</summary>
internal sealed class FreeAtTheHead : Mutant
{
    public override long Observed(long confirmed, long left, PurseAmounts purse) => left;
}

internal sealed class TermsWithoutEnd : Mutant
{
    public override long FirmUntil(Block confirmed, Block head) => confirmed.Time + (10 * SimulatedChain.DelaySeconds);
}

internal sealed class TermsOfTheHead : Mutant
{
    public override long FirmUntil(Block confirmed, Block head) => head.Time + SimulatedChain.Quarter;
}

internal sealed class TermsBeforeFacts : Mutant
{
    public override bool TermsComeFirst => true;
}

/// <summary>Nothing was free and nothing is, so what was drawn on leaving money stays missing in the ledger.</summary>
internal sealed class ObserveNoZeroAgain : Mutant
{
    public override bool ObservesAgain(long known) => known != 0;
}

internal sealed class CoSignBeforeCommit : Mutant
{
    public override bool IsCoSigned(SimulatedChain chain, Grant grant) => true;
}

internal sealed class WithdrawalEndsWhenMined : Mutant
{
    public override long FinalBlock(Block head) => head.Number;
}

internal sealed class BustFirmTrades : Mutant
{
    public override bool IsBust(VaultTrade trade) => trade.Id % 8 == 0;
}

/// <summary>A new leader that takes firm orders without having been given terms.</summary>
internal sealed class ForgetFirmTerms() : Replayed(CommandKind.SetFirmTerms, command => command with { ExpiresAtSeconds = 10_000_000_000 });

/// <summary>A new leader to which money is free that was co-signed.</summary>
internal sealed class ForgetGrants() : Replayed(CommandKind.GrantWithdrawal, command => command with { ExpiresAtSeconds = 1 });

internal abstract class Replayed(CommandKind kind, Func<Command, Command> change) : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Changed(real, kind, change);

    private sealed class Changed(IJournal real, CommandKind kind, Func<Command, Command> change) : JournalDecorator(real)
    {
        public override async IAsyncEnumerable<(long Sequence, byte[] Payload)> CommandsAsync(
            long from,
            long through,
            [EnumeratorCancellation] CancellationToken cancellationToken
        )
        {
            await foreach (var (sequence, payload) in base.CommandsAsync(from, through, cancellationToken))
                yield return (sequence, Change(payload));
        }

        private byte[] Change(byte[] payload)
        {
            var command = CommandCodec.Decode(payload);
            if (command.Kind != kind)
                return payload;
            var changed = new byte[CommandCodec.Size];
            CommandCodec.Encode(change(command), changed);
            return changed;
        }
    }
}
