using System.Text.Json;
using System.Text.Json.Serialization;
using Foresight.Protocol;

namespace Foresight.Api.Problems;

/// <summary>Body of every error response (RFC 9457).</summary>
/// <param name="Type"><c>urn:foresight:problem:</c> followed by the code.</param>
/// <param name="Code">One of <see cref="ProblemCodes"/>; programs decide by it, not by the texts.</param>
/// <param name="Retryable">True if the same request may succeed later, unchanged. Sending it again is safe.</param>
/// <param name="LeaderId">Leader of the shard, if it matters and is known.</param>
public sealed record ProblemBody(
    string Type,
    string Title,
    int Status,
    string Code,
    string Detail,
    string? TraceId = null,
    bool? Retryable = null,
    string? LeaderId = null
)
{
    [JsonExtensionData]
    public Dictionary<string, object?>? More { get; init; }
}

/// <summary>
/// An expected refusal is returned as a value, never thrown, so that only defects and failed dependencies are exceptions.
/// </summary>
public sealed record Problem(string Code, string Detail)
{
    public IReadOnlyDictionary<string, object?> More { get; init; } = new Dictionary<string, object?>();
    public TimeSpan? RetryAfter { get; init; }
    public string? LeaderId { get; init; }

    public int? Status { get; init; }

    public static Problem Malformed(string detail) => new(ProblemCodes.MalformedRequest, detail);

    public static Problem NotFound(string what) => new(ProblemCodes.NotFound, what);

    public static Problem Unavailable(string detail) => new(ProblemCodes.Unavailable, detail) { RetryAfter = TimeSpan.FromSeconds(1) };
}

public static class ProblemRules
{
    public const string ContentType = "application/problem+json";

    public static int StatusOf(string code) =>
        code switch
        {
            ProblemCodes.MalformedRequest => StatusCodes.Status400BadRequest,
            ProblemCodes.Unauthorized => StatusCodes.Status401Unauthorized,
            ProblemCodes.NotFound or ProblemCodes.UnknownOrder => StatusCodes.Status404NotFound,
            MethodNotAllowed => StatusCodes.Status405MethodNotAllowed,
            ProblemCodes.DuplicateOrder or ProblemCodes.OrderTermsDiffer or StateConflict or SecondPersonNeeded =>
                StatusCodes.Status409Conflict,
            ProblemCodes.BodyTooLarge => StatusCodes.Status413PayloadTooLarge,
            UnsupportedMediaType => StatusCodes.Status415UnsupportedMediaType,
            ProblemCodes.RateLimited or ProblemCodes.TooManyWrongKeys or ProblemCodes.AccountLimited =>
                StatusCodes.Status429TooManyRequests,
            ProblemCodes.CommandFailed or InternalError => StatusCodes.Status500InternalServerError,
            ProblemCodes.NotLeader or ProblemCodes.Unavailable or ProblemCodes.SettlementSilent or ProblemCodes.FirmUnavailable =>
                StatusCodes.Status503ServiceUnavailable,
            ProblemCodes.InDoubt => StatusCodes.Status202Accepted,
            _ => StatusCodes.Status422UnprocessableEntity,
        };

    public const string MethodNotAllowed = "method_not_allowed";
    public const string UnsupportedMediaType = "unsupported_media_type";
    public const string StateConflict = "state_conflict";
    public const string SecondPersonNeeded = "second_person_needed";
    public const string InternalError = "internal_error";

    public static string TitleOf(string code) =>
        code switch
        {
            ProblemCodes.MalformedRequest => "The request is not understood.",
            ProblemCodes.BodyTooLarge => "The request's body is too large.",
            ProblemCodes.Unauthorized => "A credential is needed.",
            ProblemCodes.NotFound => "There is no such thing.",
            ProblemCodes.RateLimited => "Too many requests.",
            ProblemCodes.TooManyWrongKeys => "Too many wrong admin keys.",
            ProblemCodes.InvalidMarket => "There is no such market.",
            ProblemCodes.InvalidOutcome => "The market has no such outcome.",
            ProblemCodes.InvalidSignature => "The signature does not hold.",
            ProblemCodes.InvalidPrice => "The price is out of range.",
            ProblemCodes.InvalidTick => "The price is not a multiple of the market's tick.",
            ProblemCodes.InvalidAmount => "The amount is out of range or not a whole number of lots.",
            ProblemCodes.InvalidTimeInForce => "The time in force does not fit the order.",
            ProblemCodes.OrderExpired => "The order has expired.",
            ProblemCodes.DuplicateOrder => "The order is known already.",
            ProblemCodes.OrderTermsDiffer => "The order is known already, with other terms.",
            ProblemCodes.IdempotencyKeyReused => "The idempotency key was used for another request.",
            ProblemCodes.InsufficientBalance => "The account does not own enough.",
            ProblemCodes.InsufficientAllowance => "The account has not approved enough.",
            ProblemCodes.MarketClosed => "The market is closed.",
            ProblemCodes.MarketPaused => "The market is paused.",
            ProblemCodes.TooManyOrders => "There are too many orders.",
            ProblemCodes.WouldCross => "A post-only order would have traded.",
            ProblemCodes.WouldNotFill => "A fill-or-kill order would not have been filled.",
            ProblemCodes.SelfTrade => "The order would have traded with the account's own.",
            ProblemCodes.AccountLimited => "The account is limited, because trades failed by its doing.",
            ProblemCodes.SaltCancelled => "The order's salt was cancelled by its maker: sign it with another one.",
            ProblemCodes.CancelOnChain => "The account has too many cancels without an order: cancel this salt on chain.",
            ProblemCodes.CancelledOnChain => "The order's salt was cancelled on chain: sign it with another one.",
            ProblemCodes.FilledOnChain => "The order was filled on chain, wholly or in part, before it was placed: sign a new one.",
            ProblemCodes.SettlementSilent =>
                "No new orders are taken: settlement has shown no sign of life on chain for too long. Cancels and exits work.",
            ProblemCodes.FirmUnavailable => "No order is firm at the moment: the chain is not followed, or settlement is behind.",
            ProblemCodes.FirmRequired => "The market takes firm orders alone: deposit into the vault.",
            ProblemCodes.SigningKeyNotInForce =>
                "The key that signed it is not in force: its delay at the vault is not over, or another was announced since.",
            ProblemCodes.ExpiryTooLate =>
                "The order would live longer than the contracts allow: sign an expiry up to latestExpiry of GET /chain, or 0.",
            ProblemCodes.ExpiryTooSoon =>
                "A trade might not be on chain before the order expires: sign an expiry more than expiryMarginSeconds of GET /chain ahead.",
            ProblemCodes.InvalidDeadline => "The withdrawal's deadline must be 1 to 60 minutes ahead.",
            ProblemCodes.UnknownOrder => "There is no such order.",
            ProblemCodes.NotLeader => "No node leads matching at the moment.",
            ProblemCodes.InDoubt => "It is not known yet whether this was done.",
            ProblemCodes.Unavailable => "The service cannot answer at the moment.",
            ProblemCodes.CommandFailed => "This request shows a defect of ours. Nothing was done, and it does not help to send it again.",
            MethodNotAllowed => "The method is not allowed here.",
            UnsupportedMediaType => "The body must be application/json.",
            StateConflict => "The state does not allow this.",
            SecondPersonNeeded => "Somebody with another key must decide this too.",
            InternalError => "Something went wrong here.",
            _ => "The request was refused.",
        };

    public static bool IsRetryable(string code) =>
        code
            is ProblemCodes.NotLeader
                or ProblemCodes.Unavailable
                or ProblemCodes.SettlementSilent
                or ProblemCodes.FirmUnavailable
                or ProblemCodes.InDoubt
                or ProblemCodes.RateLimited
                or ProblemCodes.TooManyWrongKeys
                or ProblemCodes.AccountLimited;

    public static Problem Of(int status) =>
        status switch
        {
            StatusCodes.Status401Unauthorized => new Problem(ProblemCodes.Unauthorized, "Send a credential in the Authorization header."),
            StatusCodes.Status404NotFound => new Problem(ProblemCodes.NotFound, "No route has this path."),
            StatusCodes.Status405MethodNotAllowed => new Problem(MethodNotAllowed, "The Allow header names the methods of this path."),
            StatusCodes.Status413PayloadTooLarge => new Problem(
                ProblemCodes.BodyTooLarge,
                $"A body may have at most {ApiLimits.BodyBytes} bytes."
            ),
            StatusCodes.Status415UnsupportedMediaType => new Problem(UnsupportedMediaType, "Send the body as application/json."),
            StatusCodes.Status429TooManyRequests => new Problem(ProblemCodes.RateLimited, "Send fewer requests per minute."),
            StatusCodes.Status503ServiceUnavailable => Problem.Unavailable("Try again."),
            >= 500 => new Problem(InternalError, "The request failed here; nothing is said of it because nothing is known.")
            {
                Status = status,
            },
            _ => new Problem(ProblemCodes.MalformedRequest, "The request is not understood.") { Status = status },
        };

    /// <summary>Names the faulty member of the body without the text of System.Text.Json, which exposes our type names.</summary>
    public static Problem OfJson(JsonException error)
    {
        if (error.Message.IndexOf("including: ", StringComparison.Ordinal) is var names and >= 0)
        {
            var missing = error.Message[(names + "including: ".Length)..].Split(" Path:")[0].TrimEnd('.').Replace("'", "");
            return Problem.Malformed($"The body misses: {missing}.");
        }

        if (error.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal))
            return Problem.Malformed($"The member \"{Shortened(error.Message.Split('\'')[1])}\" is unknown.");

        var path = string.IsNullOrEmpty(error.Path) || error.Path == "$" ? null : error.Path.TrimStart('$').TrimStart('.');
        if (error.InnerException is not (null or InvalidOperationException or FormatException or OverflowException))
            return Problem.Malformed($"The body is not valid JSON (line {error.LineNumber + 1}, byte {error.BytePositionInLine}).");
        return path is null
            ? Problem.Malformed("The body is not a JSON object of the documented shape.")
            : Problem.Malformed($"The member \"{Shortened(path)}\" has a wrong type, is null, or comes twice.");
    }

    private static string Shortened(string name) => name.Length > 100 ? name[..100] : name;
}

public static class ApiLimits
{
    /// <summary>Far above an order's 700 bytes, because the signature of a contract wallet may have a few thousand.</summary>
    public const int BodyBytes = 64 * 1024;

    /// <summary>Request bodies nest two deep; the schemas of the OpenAPI document, written with the same options, nest deeper.</summary>
    public const int JsonDepth = 32;

    public const int PageSize = 100;
    public const int MaxPageSize = 500;

    public const int FillsInList = 20;
    public const int FillsOfOrder = 1_000;
}
