using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using Foresight.Chain.Rpc;
using Foresight.Cluster.Health;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Foresight.ServiceDefaults.Health;

namespace Foresight.Matching.SettlementTerm;

public sealed class SettlementStatusReporter(
    SettlementContext settlement,
    StatusJournal journal,
    Submitter submitter,
    ChainFollower follower,
    ChainWatch endpoints
)
{
    private const string Paying = "paying for gas";

    /// <summary>
    /// A chain that does not answer must not hold the status up: it is the status that reports such a chain, and that its head is old.
    /// </summary>
    private static readonly TimeSpan BalanceBound = TimeSpan.FromSeconds(1);

    private readonly SettlementMetrics _metrics = settlement.Metrics;
    private readonly ConcurrentDictionary<string, string> _failures = new();
    private long _head;
    private Halt? _halt;

    public Term Term => settlement.Term;

    public long Head
    {
        get => Interlocked.Read(ref _head);
        set
        {
            if (value > Interlocked.Exchange(ref _head, value))
                settlement.Publisher.Tell("block", value);
            _metrics.Head = value;
        }
    }

    /// <summary>Kept until an operator, who must investigate before settlement goes on, has allowed it.</summary>
    public Halt? Halt
    {
        get => _halt;
        set
        {
            _halt = value;
            HasFollowed = true;
            _metrics.Halted = value?.Reason;
        }
    }

    /// <summary>Set by the follower's first step, which finds a halt or that there is none.</summary>
    public bool HasFollowed { get; set; }

    public bool Failed(string work, string reason)
    {
        var isNew = !_failures.ContainsKey(work);
        _failures[work] = reason;
        return isNew;
    }

    public bool Worked(string work) => _failures.TryRemove(work, out _);

    /// <summary>Writes even if the balance cannot be read, because the status must report just that.</summary>
    /// <returns>The error of reading the balance; null if it was read.</returns>
    public async Task<string?> WriteAsync(CancellationToken cancellationToken)
    {
        var (balance, unread) = await ReadBalanceAsync(cancellationToken);
        if (balance < settlement.Options.LowBalance)
            Failed(
                Paying,
                $"the operator's account {settlement.Key.Key.Address} holds {Ether(balance.Value)} ether for gas, which is little"
            );
        else if (balance is not null)
            Worked(Paying);
        _metrics.Pending = await settlement.Store.CountPendingAsync(cancellationToken);
        // Before the halt, which a step may find in between.
        var hasFollowed = HasFollowed;
        var error = submitter.Trouble ?? _failures.Values.FirstOrDefault();
        await journal.WriteAsync(
            settlement.Term,
            new SettlementStatus(
                Head,
                follower.Confirmed,
                settlement.Options.Confirmations,
                settlement.Key.Address,
                balance,
                settlement.Options.LowBalance,
                Halt,
                hasFollowed,
                error,
                endpoints.Endpoints
            ),
            cancellationToken
        );
        return unread;
    }

    private static string Ether(BigInteger wei) =>
        ((decimal)(wei / SettlementOptions.Gwei) / 1_000_000_000m).ToString("0.####", CultureInfo.InvariantCulture);

    private async Task<(BigInteger? Balance, string? Unread)> ReadBalanceAsync(CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(BalanceBound, settlement.Clock);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            var balance = await settlement.Client.GetBalanceAsync(settlement.Key.Key.Address, cancellationToken: bound.Token);
            _metrics.SignerBalance = balance;
            return (balance, null);
        }
        catch (OperationCanceledException) when (silence.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return (null, $"no answer within {BalanceBound.TotalSeconds:0} s");
        }
        catch (RpcException error) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, error.Message);
        }
    }
}
