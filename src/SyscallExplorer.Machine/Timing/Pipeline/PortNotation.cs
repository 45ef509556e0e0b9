using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;

namespace SyscallExplorer.Machine;

/// <summary>
/// The notation of ports in files of figures: <c>p0|p1 + p2|p3*2</c> is a micro-operation that takes port 0 or 1 for a cycle, and one that takes port 2
/// or 3 for two.
/// </summary>
internal static class PortNotation
{
    /// <summary>Reads micro-operations.</summary>
    /// <param name="text">The text; blank when there are none.</param>
    /// <param name="ports">The names that may occur.</param>
    /// <param name="fault">What is wrong, or null.</param>
    public static ImmutableArray<PortUse> Read(string text, ImmutableArray<string> ports, out string? fault)
    {
        fault = null;
        if (string.IsNullOrWhiteSpace(text))
            return [];
        var uses = ImmutableArray.CreateBuilder<PortUse>();
        foreach (var part in text.Split('+', StringSplitOptions.TrimEntries))
        {
            var star = part.IndexOf('*', StringComparison.Ordinal);
            var cycles = 1;
            if (star >= 0 && (!int.TryParse(part.AsSpan(star + 1), NumberStyles.None, CultureInfo.InvariantCulture, out cycles) || cycles is < 1 or > 4096))
            {
                fault = $"behind '*' in '{part}' stands the number of cycles that the port is busy, 1 to 4096";
                return [];
            }

            var mask = SetOf(star >= 0 ? part[..star] : part, ports, out fault);
            if (fault is not null)
                return [];
            uses.Add(new PortUse(mask, cycles));
        }

        // The choosiest first: it has the fewest places to go.
        return [.. uses.OrderBy(use => BitOperations.PopCount(use.Ports))];
    }

    /// <summary>Reads one set of ports.</summary>
    public static uint SetOf(string text, ImmutableArray<string> ports, out string? fault)
    {
        var mask = 0u;
        foreach (var name in text.Split('|', StringSplitOptions.TrimEntries))
        {
            var index = ports.IndexOf(name);
            if (index < 0)
            {
                fault = $"no port is named '{name}'; the ports are {string.Join(", ", ports)}";
                return 0;
            }

            mask |= 1u << index;
        }

        fault = null;
        return mask;
    }
}
