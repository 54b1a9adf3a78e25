using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using Foresight.Protocol;

namespace Foresight.Protocol.Tests.Wire;

/// <summary>
/// Found by reflection and filled by rule, so that a new record or member is in the golden texts without anyone having to add it.
/// </summary>
internal static class WireRecords
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    public static readonly IReadOnlyList<Type> All =
    [
        .. typeof(LeaseRecord)
            .Assembly.GetExportedTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false })
            .Select(type => type.IsGenericTypeDefinition ? type.MakeGenericType(typeof(TradeView)) : type)
            .OrderBy(type => type.Name, StringComparer.Ordinal),
    ];

    public static Type WrittenAs(Type type) => typeof(LeaderCommand).IsAssignableFrom(type) ? typeof(LeaderCommand) : type;

    public static object Make(Type type, bool full)
    {
        var number = 0;
        var constructor = type.GetConstructors().MaxBy(one => one.GetParameters().Length)!;
        var parameters = constructor.GetParameters();
        var record = constructor.Invoke([
            .. parameters.Select(parameter =>
                !full && parameter.HasDefaultValue ? DefaultOf(parameter)
                : !full && new NullabilityInfoContext().Create(parameter).ReadState == NullabilityState.Nullable ? null
                : Value(parameter.ParameterType, parameter.Name!, full, ++number)
            ),
        ]);
        foreach (var property in Settable(type).Where(property => parameters.All(parameter => parameter.Name != property.Name)))
        {
            var isRequired = property.IsDefined(typeof(RequiredMemberAttribute));
            if (full || isRequired)
                property.SetValue(record, Value(property.PropertyType, JsonName(property.Name), full, ++number));
        }

        return record;
    }

    public static object? DefaultOf(ParameterInfo parameter) =>
        parameter.DefaultValue is null && parameter.ParameterType.IsValueType
            ? Activator.CreateInstance(parameter.ParameterType)
            : parameter.DefaultValue;

    public static string JsonName(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static IEnumerable<PropertyInfo> Settable(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.SetMethod is not null)
            .OrderBy(property => property.DeclaringType == type)
            .ThenBy(property => property.MetadataToken);

    private static object Value(Type type, string name, bool full, int number)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
            return name;
        if (type == typeof(bool))
            return full;
        if (type == typeof(int))
            return number;
        if (type == typeof(uint))
            return uint.MaxValue - (uint)number;
        if (type == typeof(ulong))
            return ulong.MaxValue - (ulong)number;
        if (type == typeof(long))
            return 1_000_000_000_000 + number;
        if (type == typeof(double))
            return number + 0.25;
        if (type == typeof(Guid))
            return new Guid(number, 0, 0, new byte[8]);
        if (type == typeof(DateTimeOffset))
            return Noon.AddSeconds(number);
        if (type == typeof(TimeSpan))
            return TimeSpan.FromMinutes(number);
        if (type.IsEnum)
            return Enum.GetValues(type).Cast<object>().Last();
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
            return Dictionary(type.GetGenericArguments(), full, number);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            return List(type.GetGenericArguments()[0], name, full, number);

        return Make(type == typeof(LeaderCommand) ? typeof(CancelBySalt) : type, full);
    }

    private static IDictionary Dictionary(Type[] types, bool full, int number)
    {
        var made = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(types))!;
        if (full)
            made.Add("snake_case Key", Value(types[1], "value", full, number));
        return made;
    }

    private static Array List(Type type, string name, bool full, int number)
    {
        var made = Array.CreateInstance(type, full ? 1 : 0);
        if (full)
            made.SetValue(Value(type, name, full, number), 0);
        return made;
    }
}
