using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Protocol;

namespace Foresight.Matching.Gateway;

/// <summary>
/// Checks signatures that an Api node has checked already, because a compromised one could send orders and cancels of any account. <see
/// cref="CheckedShare"/> decides how many.
/// </summary>
internal sealed class SignatureGuard(
    MarketDomains domains,
    CheckedShare share,
    PutOutNodes putOut,
    GatewayMetrics metrics,
    ChainEndpoint? chain,
    TimeProvider clock
)
{
    /// <summary>Signatures that are checked one after the other, because spreading fewer over cores costs more.</summary>
    private const int SignaturesPerPart = 32;

    /// <summary>As long as an Api node waits for the same answer, which it has had a moment before.</summary>
    private static readonly TimeSpan ContractPatience = TimeSpan.FromSeconds(1);

    /// <summary>Questions of the chain at a time, for orders and for cancels each.</summary>
    private const int Slots = 16;

    /// <summary>Apart, so that orders of makers that do not exist, which cost nothing, keep no wallet from withdrawing its own.</summary>
    private readonly SemaphoreSlim _askingForOrders = new(Slots);

    private readonly SemaphoreSlim _askingForCancels = new(Slots);

    /// <summary>Finds the commands that their makers have not signed, among those that were chosen for a check.</summary>
    /// <returns>
    /// One that its maker's key has certainly not signed, which is proof against the sender, or null; and the refusals, keyed by reference,
    /// of which those of contract wallets come later, and may be null.
    /// </returns>
    /// <exception cref="Npgsql.NpgsqlException">Postgres failed to give a market's contract.</exception>
    /// <exception cref="TimeoutException">Postgres did not answer in time.</exception>
    public async Task<(LeaderCommand? Forged, IReadOnlyDictionary<LeaderCommand, Task<CommandGuard.Refusal?>> Refused)> FindFaultsAsync(
        IReadOnlyList<LeaderCommand> commands,
        CancellationToken cancellationToken
    )
    {
        var refused = new Dictionary<LeaderCommand, Task<CommandGuard.Refusal?>>(ReferenceEqualityComparer.Instance);
        var checkable = new List<(SignedCommand Command, TypedDataDomain Domain, Address? Market)>(commands.Count);
        // Of all, and before the choice: an answer that depended on it would show the sender which are checked.
        foreach (var command in commands.Where(CommandRights.IsSigned))
            if (SignedCommand.Read(command) is not { } signed)
                refused[command] = CommandGuard.Now(CommandGuard.Malformed);
            else if (await DomainOfAsync(signed, cancellationToken) is var (domain, market))
                checkable.Add((signed, domain, market));
            else
                refused[command] = CommandGuard.Now(CommandGuard.Unchecked);
        var chosen = share.Choose(checkable.Count, all: !putOut.IsEmpty);
        // Those of contracts are few, and a sender could otherwise call every forgery one.
        var checks = checkable
            .Where((check, i) => chosen[i] || check.Command.ByContract)
            .Select(check => (check.Command, Digest: check.Command.DigestIn(check.Domain, check.Market)))
            .ToList();
        metrics.Signatures(checkable.Count, checks.Count);

        var ofKeys = checks.Where(check => !check.Command.ByContract).ToList();
        if (await FirstForgedAsync(ofKeys) is { } found)
            return (found, refused);
        foreach (var (command, digest) in checks.Where(check => check.Command.ByContract))
            refused[command.Command] = RefusalByContractAsync(command, digest, cancellationToken);
        return (null, refused);
    }

    /// <returns>Null if the contract under whose domain it is signed is not known.</returns>
    private async ValueTask<(TypedDataDomain Domain, Address? Market)?> DomainOfAsync(
        SignedCommand signed,
        CancellationToken cancellationToken
    )
    {
        var market = signed.MarketId == 0 ? null : await domains.FindAsync(signed.MarketId, cancellationToken);
        if (!signed.IsOfVault)
            return market is null ? null : (market, market.VerifyingContract);
        var vault = await domains.FindVaultAsync(cancellationToken);
        return vault is null || (signed.MarketId != 0 && market is null) ? null : (vault, market?.VerifyingContract);
    }

    private static async Task<LeaderCommand?> FirstForgedAsync(List<(SignedCommand Command, Hash32 Digest)> checks)
    {
        if (checks.Count <= SignaturesPerPart)
            return FirstForged(checks);
        // Of one size, because the longest decides how long all take.
        var parts = (checks.Count + SignaturesPerPart - 1) / SignaturesPerPart;
        var size = (checks.Count + parts - 1) / parts;
        var found = await Task.WhenAll(checks.Chunk(size).Select(part => Task.Run(() => FirstForged(part))));
        return found.FirstOrDefault(command => command is not null);
    }

    private static LeaderCommand? FirstForged(IEnumerable<(SignedCommand Command, Hash32 Digest)> checks)
    {
        foreach (var (command, digest) in checks)
            if (!command.HasHash(digest) || !OrderSigning.Check(digest, command.Signature, command.Signer).IsValid)
                return command.Command;
        return null;
    }

    private async Task<CommandGuard.Refusal?> RefusalByContractAsync(
        SignedCommand command,
        Hash32 digest,
        CancellationToken cancellationToken
    )
    {
        using var patience = new CancellationTokenSource(ContractPatience, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var accepted = await AcceptsAsync(command, digest, limit.Token);
        cancellationToken.ThrowIfCancellationRequested();
        return accepted switch
        {
            true => null,
            false => CommandGuard.BadSignature,
            null => CommandGuard.Unchecked,
        };
    }

    /// <returns>Null if the chain gave no answer, or if this node has no chain to ask.</returns>
    private async Task<bool?> AcceptsAsync(SignedCommand command, Hash32 digest, CancellationToken limit)
    {
        if (!command.HasHash(digest))
            return false;
        if (chain is null)
            return null;
        var asking = command.Command is CancelBySalt ? _askingForCancels : _askingForOrders;
        try
        {
            await asking.WaitAsync(limit);
            try
            {
                return await ContractWallet.AcceptsAsync(chain.Client, command.Maker, digest, command.Signature, cancellationToken: limit);
            }
            finally
            {
                asking.Release();
            }
        }
        catch (Exception error) when (error is RpcException or OperationCanceledException)
        {
            return null;
        }
    }
}
