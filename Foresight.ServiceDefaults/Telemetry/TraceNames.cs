using System.Diagnostics;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>The sources of spans. Telemetry listens to all whose name begins with <c>Foresight.</c></summary>
public static class ActivitySources
{
    public static readonly ActivitySource Api = new("Foresight.Api");
    public static readonly ActivitySource Matching = new("Foresight.Matching");
    public static readonly ActivitySource Settlement = new("Foresight.Settlement");
}

/// <summary>Span names. docs/operations.md shows them as the tree that they form.</summary>
public static class SpanNames
{
    // Foresight.Api
    /// <summary>An order or cancel from the Api to the leader's answer, over however many attempts.</summary>
    public const string Route = "route";

    public const string DeliverBatch = "deliver batch";

    // Foresight.Matching
    /// <summary>A command at the leader, from its receipt to its commit.</summary>
    public const string Gateway = "gateway";

    /// <summary>From the receipt to the command's turn: the queue and the look-up.</summary>
    public const string Sequence = "sequence";
    public const string Match = "match";

    /// <summary>From the match to the commit of the batch, which the span links to.</summary>
    public const string Commit = "commit";

    /// <summary>From the commit until the batch's messages are handed to Redis.</summary>
    public const string Publish = "publish";

    public const string LookUpBatch = "look up batch";

    public const string CommitBatch = "commit batch";

    // Foresight.Settlement
    /// <summary>A trade's transaction, from its signature until it is mined.</summary>
    public const string Settle = "settle";

    /// <summary>From the block that holds a trade to the block that confirms it.</summary>
    public const string Final = "final";

    /// <summary>From the failure of a trade until both sides have their holds released.</summary>
    public const string Bust = "bust";
}

/// <summary>Span attributes. Never a key, a signature or an account.</summary>
public static class SpanAttributes
{
    /// <summary>EIP-712 hash, 0x and lower case.</summary>
    public const string OrderId = "foresight.order.id";
    public const string MarketId = "foresight.market.id";

    /// <summary>Kind of the command, as in <c>LeaderCommand.Kind</c>.</summary>
    public const string Command = "foresight.command";

    /// <summary>Result of the leader, as in <c>ResultStatus</c>.</summary>
    public const string Result = "foresight.result";

    /// <summary>Problem code, or the code of a failed trade's reason.</summary>
    public const string Reason = "foresight.reason";
    public const string Epoch = "foresight.epoch";
    public const string Sequence = "foresight.sequence";

    public const string BatchSize = "foresight.batch.size";
    public const string TradeId = "foresight.trade.id";

    /// <summary><c>maker</c> or <c>taker</c>: this order's side of the trade.</summary>
    public const string Liquidity = "foresight.trade.liquidity";
    public const string TransactionHash = "foresight.transaction.hash";
    public const string TransactionNonce = "foresight.transaction.nonce";
    public const string Block = "foresight.block";
}
