using System.Text.Json;
using System.Text.Json.Serialization;

namespace Foresight.Api.Problems;

public static class ApiJson
{
    /// <summary>Clients need not distinguish null from absent.</summary>
    public static readonly JsonSerializerOptions Problem = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>
    /// Strict, because bodies carry money: no number in place of a string or the reverse, no duplicate, no missing and no unknown member. A
    /// term that this node does not know must not be dropped in silence.
    /// </summary>
    public static void Configure(JsonSerializerOptions options)
    {
        options.NumberHandling = JsonNumberHandling.Strict;
        options.MaxDepth = ApiLimits.JsonDepth;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
    }
}
