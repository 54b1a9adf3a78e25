namespace Foresight.Matching.Engine.Tests.Scenarios;

internal sealed class ScenarioNames
{
    private readonly Dictionary<string, int> _accounts = [];
    private readonly Dictionary<string, OrderId> _orders = [];
    private readonly Dictionary<OrderId, string> _orderNames = [];

    public AccountId Account(string name)
    {
        if (name == "operator")
            return default;
        if (!_accounts.TryGetValue(name, out var number))
            _accounts[name] = number = _accounts.Count + 1;
        return new AccountId(number);
    }

    public void Name(string name, OrderId order)
    {
        _orders[name] = order;
        _orderNames[order] = name;
    }

    public OrderId Order(string name) => _orders.TryGetValue(name, out var order) ? order : new OrderId(999_999);

    public string NameOf(OrderId order) => _orderNames[order];
}
