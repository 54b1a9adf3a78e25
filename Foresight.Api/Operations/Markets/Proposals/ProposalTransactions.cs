using Foresight.Api.Markets;
using Foresight.Chain;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Protocol;

namespace Foresight.Api.Operations.Markets.Proposals;

/// <summary>A call that is written here and sent by an operator's wallet: no service has a key of these roles.</summary>
internal sealed record RoleCall(Address To, AbiFunction Function, byte[] Data)
{
    /// <returns>Null if its contract is not there.</returns>
    public static RoleCall? Of(ProposalRow proposal)
    {
        if (proposal.Contract is not { } contract)
            return null;
        var (function, data) = proposal.Kind switch
        {
            ProposalKinds.Resolve => (MarketContract.ResolveFunction, MarketContract.Resolve(proposal.Outcome!.Value)),
            ProposalKinds.Invalidate => (MarketContract.InvalidateFunction, MarketContract.Invalidate()),
            _ => (
                MarketFactoryContract.CreateMarketFunction,
                MarketFactoryContract.CreateMarket(new Hash32(proposal.QuestionHash), proposal.Outcomes.Length)
            ),
        };
        return new RoleCall(new Address(contract), function, data);
    }

    /// <summary>The arguments are read back from the data, so that a person sees what is signed.</summary>
    public PreparedTransaction Prepared(long chainId) =>
        new(
            chainId,
            To.ToString(),
            Function.Signature,
            [.. Function.DecodeInput(Data).Select(argument => new CallArgument(argument.Name, $"{argument.Value}"))],
            Hex.Encode(Data)
        );
}

/// <summary>What the chain has of a transaction that a wallet has reported. Nothing is decided by it: it is only shown.</summary>
/// <param name="chain">Null without a chain endpoint.</param>
public sealed partial class ProposalTransactions(EthereumClient? chain, ChainContracts contracts, ILogger<ProposalTransactions> logger)
{
    /// <summary>For all calls of one answer together.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    private const string NoEndpoint = "No chain endpoint is configured here.";

    internal PreparedTransaction? Prepared(RoleCall? call) => call?.Prepared(contracts.ChainId);

    internal async Task<SentTransaction?> SentAsync(ProposalRow proposal, RoleCall? call, string state, CancellationToken cancellationToken)
    {
        if (proposal is not { TransactionHash: { } bytes, Sender: { } sender, SentAt: { } at })
            return null;
        var hash = new Hash32(bytes);
        var (found, block, reason) = state switch
        {
            ProposalStates.Sent when chain is null => (SentStates.Unknown, (long?)null, NoEndpoint),
            ProposalStates.Sent when call is not null => await AskAsync(
                "what became of a transaction",
                cancellation => FollowAsync(chain, hash, call, cancellation),
                why => (SentStates.Unknown, null, why),
                cancellationToken
            ),
            _ => (SentStates.Unknown, null, null),
        };
        return new SentTransaction(hash.ToString(), new Address(sender).ToString(), at, found, block, reason);
    }

    internal async Task<TransactionCheck> CheckAsync(RoleCall call, Address from, CancellationToken cancellationToken) =>
        chain is null
            ? new TransactionCheck(false, NoEndpoint)
            : await AskAsync(
                "whether a call would succeed",
                cancellation => TryAsync(chain, call, from, cancellation),
                why => new TransactionCheck(false, why),
                cancellationToken
            );

    private static async Task<TransactionCheck> TryAsync(
        EthereumClient chain,
        RoleCall call,
        Address from,
        CancellationToken cancellationToken
    )
    {
        // A call of an address without code succeeds and does nothing.
        if ((await chain.GetCodeAsync(call.To, cancellationToken: cancellationToken)).Length == 0)
            return new TransactionCheck(false, $"There is no contract at {call.To}.");
        return await RefusalAsync(chain, call, from, BlockRef.Latest, cancellationToken) is { } why
            ? new TransactionCheck(false, Sentence(why))
            : new TransactionCheck(true, null);
    }

    private static async Task<(string State, long? Block, string? Reason)> FollowAsync(
        EthereumClient chain,
        Hash32 hash,
        RoleCall call,
        CancellationToken cancellationToken
    )
    {
        if (await chain.GetTransactionAsync(hash, cancellationToken) is not { } transaction)
            return (SentStates.Unknown, null, "The chain's node does not know it.");
        if (transaction.To != call.To || !transaction.Input.AsSpan().SequenceEqual(call.Data))
            return (SentStates.Other, transaction.BlockNumber, "It is another call than the one that was approved.");
        if ((await chain.GetTransactionReceiptsAsync([hash], cancellationToken))[0] is not { } receipt)
            return (SentStates.Waiting, null, null);
        if (receipt.Succeeded)
            return (SentStates.Mined, receipt.BlockNumber, null);
        // At the end of its block, which includes what others had done there before it.
        var why = await RefusalAsync(chain, call, transaction.From, receipt.BlockNumber, cancellationToken);
        return (SentStates.Failed, receipt.BlockNumber, why is null ? "It reverted, perhaps for lack of gas." : $"It reverted: {why}.");
    }

    private static async Task<string?> RefusalAsync(
        EthereumClient chain,
        RoleCall call,
        Address from,
        BlockRef block,
        CancellationToken cancellationToken
    ) =>
        (await chain.CallManyAsync([new CallRequest(call.To, call.Data, from)], block, cancellationToken))[0].Revert is { } revert
            ? RoleRefusal.Explain(revert.RevertData)
            : null;

    private async Task<T> AskAsync<T>(
        string what,
        Func<CancellationToken, Task<T>> ask,
        Func<string, T> without,
        CancellationToken cancellationToken
    )
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        try
        {
            return await ask(bound.Token);
        }
        catch (Exception error) when (error is RpcException or HttpRequestException or TimeoutException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Log.NotAsked(logger, what, error.Message);
            // Without the error's text, which may contain the URL of an endpoint, and that a key.
            return without(error is OperationCanceledException ? "The chain did not answer in time." : "The chain cannot be read.");
        }
    }

    private static string Sentence(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}.";

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Failed to ask the chain {What}: {Reason}")]
        public static partial void NotAsked(ILogger logger, string what, string reason);
    }
}
