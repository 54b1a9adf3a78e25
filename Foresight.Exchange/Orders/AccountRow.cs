namespace Foresight.Exchange.Orders;

internal struct AccountRow
{
    /// <summary>The account's open orders, oldest first; 0 when there are none.</summary>
    public int FirstOrder;
    public int LastOrder;
    public int OpenOrders;
}
