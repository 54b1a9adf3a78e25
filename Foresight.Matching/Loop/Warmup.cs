using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Recovery;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Loop;

/// <summary>
/// The first real take-over then does not wait for JIT compilation. The warm-up's batch goes to Postgres under a term that does not exist,
/// which the fence refuses like any other.
/// </summary>
internal sealed partial class Warmup(NpgsqlDataSource primary, NodeIdentity node, TimeProvider clock, ILogger<Warmup> logger)
    : BackgroundService
{
    private const int Shard = 0;

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            var journal = new PostgresJournal(primary, Shard);
            var sequencer = await new EngineRecovery(journal, Shard, NullLogger.Instance).RebuildAsync(stopping);
            var request = ARequest();
            var known = await journal.FindAsync([request], stopping);
            var batch = sequencer.Match([request, new DepthRequest()], known, [], epoch: 0, clock);
            await journal.CommitAsync(new Term("warmup", Epoch: 0, Guid.Empty, node.Id), batch);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The process stops before it has ever led, so there is nothing to warm up.
        }
        catch (Exception error) when (Fence.Refused(error) || Fence.Refused(error.InnerException ?? error))
        {
            Log.WarmedUp(logger);
        }
        catch (Exception error)
        {
            // The warm-up reads while a leader writes, so it may see a contradiction, which must not end the node. A failure costs only a
            // slower first take-over.
            Log.NotWarmedUp(logger, error.Message);
        }
    }

    /// <summary>An order in a market that does not exist: the engine rejects it, but on the same code path.</summary>
    private static QueuedCommand ARequest()
    {
        var order = new PlaceOrder
        {
            RequestId = Guid.NewGuid(),
            Hash = $"0x{Guid.NewGuid():N}{Guid.NewGuid():N}",
            Maker = $"0x{Guid.NewGuid():N}00000000",
            MarketId = int.MaxValue,
            Outcome = 0,
            IsBuy = true,
            PriceTicks = 1,
            Lots = 1,
            Salt = "1",
            Signature = "0x",
        };
        return QueuedCommand.Read(order, deadline: long.MaxValue)
            ?? throw new InvalidOperationException("The warm-up's order is malformed.");
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Warm-up of the take-over path completed.")]
        public static partial void WarmedUp(ILogger logger);

        [LoggerMessage(LogLevel.Debug, "Warm-up of the take-over path failed; the first take-over will be slower: {Reason}")]
        public static partial void NotWarmedUp(ILogger logger, string reason);
    }
}
