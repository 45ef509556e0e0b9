using System.Numerics;
using Iced.Intel;
using Xunit;

namespace SyscallExplorer.Machine.Tests;

/// <summary>
/// One instruction on RAX, RCX and RDX in 64-bit mode, run again and again with other values, and the numbers that tests feed it with.
/// </summary>
internal sealed class Calculation
{
    public static readonly int[] Widths = [8, 16, 32, 64];
    private const int RandomValues = 12;
    private readonly MachineBench _bench = new();

    private Calculation(Instruction instruction) => _bench.Place(BenchMode.Kernel64, a => a.AddInstruction(instruction));

    /// <summary>An instruction whose operands are RAX, then RCX; or RAX, then RDX, then CL; or RAX alone: as the form has it.</summary>
    public static Calculation Of(string form, int width)
    {
        var code = Enum.Parse<Code>(form.Replace("#", width.ToString()));
        return new Calculation(code.ToOpCode().OpCount switch
        {
            1 => Instruction.Create(code, Part(Register.RAX, width)),
            2 when form.EndsWith("_CL") => Instruction.Create(code, Part(Register.RAX, width), Register.CL),
            2 => Instruction.Create(code, Part(Register.RAX, width), Part(Register.RCX, width)),
            _ => Instruction.Create(code, Part(Register.RAX, width), Part(Register.RDX, width), Register.CL),
        });
    }

    public static Calculation Unary(string form, int width)
    {
        var code = Enum.Parse<Code>(form.Replace("#", width.ToString()));
        return new Calculation(Instruction.Create(code, Part(Register.RCX, width)));
    }

    public ulong Rax => _bench[Gpr.Rax];

    public ulong Rdx => _bench[Gpr.Rdx];

    public ulong Flags { get; private set; }

    /// <summary>Runs the instruction.</summary>
    /// <returns>The exception that it raised, if any.</returns>
    public TakenException? Run(ulong rax, ulong rcx, ulong rdx, ulong flags)
    {
        _bench[Gpr.Rax] = rax;
        _bench[Gpr.Rcx] = rcx;
        _bench[Gpr.Rdx] = rdx;
        _bench.Flags = flags;
        _bench.Rewind();
        BenchRun run = _bench.Go();
        Assert.Equal(StopReason.Halted, run.Result.Reason);
        Flags = run.Flags;
        return run.Exception;
    }

    /// <summary>Edges and random numbers, the same in every run.</summary>
    public static IReadOnlyList<ulong> Values(int width, int seed)
    {
        var random = new Random(seed);
        ulong top = 1ul << (width - 1);
        List<ulong> values = [0, 1, 2, 0xF, 0x10, 0x7F, 0x80, top - 1, top, top + 1, Mask(width) - 1, Mask(width)];
        for (int i = 0; i < RandomValues; i++)
            values.Add((ulong)random.NextInt64(long.MinValue, long.MaxValue));
        return values.Select(value => value & Mask(width)).Distinct().ToList();
    }

    public static ulong Mask(int width) => ulong.MaxValue >> (64 - width);

    public static BigInteger Signed(BigInteger value, int width)
    {
        BigInteger modulus = BigInteger.One << width;
        value = ((value % modulus) + modulus) % modulus;
        return value >= modulus / 2 ? value - modulus : value;
    }

    public static BigInteger Unsigned(BigInteger value, int width)
    {
        BigInteger modulus = BigInteger.One << width;
        return ((value % modulus) + modulus) % modulus;
    }

    /// <summary>PF, ZF and SF of a number cut to a width.</summary>
    public static ulong ResultFlags(BigInteger value, int width)
    {
        BigInteger cut = Unsigned(value, width);
        int ones = 0;
        for (int bit = 0; bit < 8; bit++)
            ones += (int)((cut >> bit) & 1);
        return (ones % 2 == 0 ? Rflags.PF : 0) | (cut.IsZero ? Rflags.ZF : 0) | (Signed(cut, width) < 0 ? Rflags.SF : 0);
    }

    public static ulong When(bool condition, ulong flag) => condition ? flag : 0;

    private static Register Part(Register register, int width) => width switch
    {
        8 => Register.AL + (register - Register.RAX),
        16 => Register.AX + (register - Register.RAX),
        32 => Register.EAX + (register - Register.RAX),
        _ => register,
    };
}
