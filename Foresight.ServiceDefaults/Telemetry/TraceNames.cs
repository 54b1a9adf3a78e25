using System.Diagnostics;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>Telemetry listens only to sources whose name begins with <c>Foresight.</c>; the spans of another would be lost.</summary>
public static class ActivitySources
{
    public static readonly ActivitySource Api = new("Foresight.Api");
    public static readonly ActivitySource Matching = new("Foresight.Matching");
    public static readonly ActivitySource Settlement = new("Foresight.Settlement");
}

/// <summary>docs/operations.md shows them as the tree that they form, so a name that changes here must change there.</summary>
public static class SpanNames
{
    public const string Route = "route";

    public const string DeliverBatch = "deliver batch";

    public const string Gateway = "gateway";

    public const string Sequence = "sequence";
    public const string Match = "match";

    public const string Commit = "commit";

    public const string Publish = "publish";

    public const string LookUpBatch = "look up batch";

    public const string CommitBatch = "commit batch";

    public const string Settle = "settle";

    public const string Final = "final";

    public const string Bust = "bust";
}

/// <summary>Never a key, a signature or an account, because spans are exported.</summary>
public static class SpanAttributes
{
    /// <summary>0x and lower case, as in the Api's answers, so that an operator can search for it.</summary>
    public const string OrderId = "foresight.order.id";
    public const string MarketId = "foresight.market.id";

    public const string Command = "foresight.command";

    public const string Result = "foresight.result";

    public const string Reason = "foresight.reason";
    public const string Epoch = "foresight.epoch";
    public const string Sequence = "foresight.sequence";

    public const string BatchSize = "foresight.batch.size";
    public const string TradeId = "foresight.trade.id";

    public const string Liquidity = "foresight.trade.liquidity";
    public const string TransactionHash = "foresight.transaction.hash";
    public const string TransactionNonce = "foresight.transaction.nonce";
    public const string Block = "foresight.block";
}
