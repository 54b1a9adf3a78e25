using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Orders;

public static class OrderStates
{
    /// <summary>"open" is good for an order, although it is not for a discrepancy; rejected is the only bad end.</summary>
    public static string ToneOf(string status) =>
        status switch
        {
            "open" or "partially_filled" => Tones.Busy,
            OrderStages.Filled => Tones.Good,
            OrderStages.Cancelled or OrderStages.Expired => Tones.Watch,
            OrderStages.Rejected => Tones.Bad,
            _ => Tones.Quiet,
        };
}
