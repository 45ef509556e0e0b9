using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine.Tests;

/// <summary>
/// One execution of a vector instruction with operands in fixed places: the destination is register 1, the first source register 2 or, where there is
/// none, the destination; the last source register 3 or memory; a fourth operand register 4. MMX registers have the same numbers.
/// </summary>
internal sealed class VectorCase
{
    private const ulong Data = BenchLayout.KernelData + 0x800;
    private readonly MachineBench _bench = StateBench.Create(Cpus.Zen2);

    public MachineBench Bench => _bench;

    /// <summary>The legacy and VEX forms of a mnemonic and of its namesake with a V, but those with operands of other kinds than vectors.</summary>
    public static IEnumerable<Code> FormsOf(string mnemonic) =>
        Enum.GetValues<Code>().Distinct().Where(code =>
            (Is(code, mnemonic) || Is(code, "V" + mnemonic)) && code.ToOpCode().Encoding is EncodingKind.Legacy or EncodingKind.VEX && code.ToOpCode().Mode64);

    private static bool Is(Code code, string mnemonic) => code.Mnemonic().ToString().Equals(mnemonic, StringComparison.OrdinalIgnoreCase);

    /// <summary>Executes a form.</summary>
    /// <returns>The destination register, or an MMX register in the low 64 bits of zeros.</returns>
    public Vector256<byte> Run(Code code, Vector256<byte> left, Vector256<byte> right, Vector256<byte> fourth, byte immediate, bool memory)
    {
        OpCodeInfo form = code.ToOpCode();
        bool vex = form.Encoding == EncodingKind.VEX;
        bool hasFirstSource = Kinds(form).Any(kind => kind is OpCodeOperandKind.xmm_vvvv or OpCodeOperandKind.ymm_vvvv) && Kinds(form).Count(IsVector) > 2;
        var instruction = new Instruction { Code = code };
        bool mmx = false;
        int vectors = 0;
        for (int i = 0; i < form.OpCount; i++)
        {
            OpCodeOperandKind kind = form.GetOpKind(i);
            if (kind == OpCodeOperandKind.imm8)
            {
                instruction.SetOpKind(i, OpKind.Immediate8);
                instruction.Immediate8 = immediate;
                continue;
            }

            int number = vectors == 0 ? 1 : vectors == 1 && hasFirstSource ? 2 : kind is OpCodeOperandKind.xmm_is4 or OpCodeOperandKind.ymm_is4 ? 4 : 3;
            vectors++;
            if (kind == OpCodeOperandKind.mem || (memory && IsAlternative(kind)))
            {
                instruction.SetOpKind(i, OpKind.Memory);
                instruction.MemoryBase = Register.RBX;
                continue;
            }

            mmx |= kind.ToString().StartsWith("mm_", StringComparison.Ordinal);
            Register first = mmx ? Register.MM0 : kind.ToString().StartsWith("ymm", StringComparison.Ordinal) ? Register.YMM0 : Register.XMM0;
            instruction.SetOpKind(i, OpKind.Register);
            instruction.SetOpRegister(i, first + number);
        }

        // Legacy forms need alignment; the others shall not mind its lack.
        ulong address = vex || mmx ? Data + 1 : Data;
        _bench[Gpr.Rbx] = address;
        _bench.WriteBytes(address, ToArray(right));
        ref ProcessorState state = ref _bench.Cpu.S;
        state.Vectors[0] = fourth;
        state.Vectors[1] = hasFirstSource ? ~left : left;
        state.Vectors[2] = left;
        state.Vectors[3] = right;
        state.Vectors[4] = fourth;
        state.X87.Registers[1] = new ExtendedReal(left.AsUInt64().ToScalar(), 0);
        state.X87.Registers[3] = new ExtendedReal(right.AsUInt64().ToScalar(), 0);
        _bench.Complete(BenchMode.Kernel64, Encode(instruction));
        return mmx ? Vector256.CreateScalar(state.X87.Registers[1].Significand).AsByte() : state.Vectors[1];
    }

    /// <summary>Whether a form can have its last source in memory.</summary>
    public static bool HasMemory(Code code) => Kinds(code.ToOpCode()).Any(kind => kind == OpCodeOperandKind.mem || IsAlternative(kind));

    public static byte[] Encode(in Instruction instruction)
    {
        var writer = new ListWriter();
        Iced.Intel.Encoder.Create(64, writer).Encode(instruction, 0);
        return [.. writer.Bytes];
    }

    public static byte[] ToArray(Vector256<byte> vector)
    {
        byte[] bytes = new byte[32];
        vector.CopyTo(bytes);
        return bytes;
    }

    private static IEnumerable<OpCodeOperandKind> Kinds(OpCodeInfo form) => Enumerable.Range(0, form.OpCount).Select(form.GetOpKind);

    private static bool IsVector(OpCodeOperandKind kind) => kind != OpCodeOperandKind.imm8;

    private static bool IsAlternative(OpCodeOperandKind kind) =>
        kind is OpCodeOperandKind.xmm_or_mem or OpCodeOperandKind.ymm_or_mem or OpCodeOperandKind.mm_or_mem;

    private sealed class ListWriter : CodeWriter
    {
        public List<byte> Bytes { get; } = [];

        public override void WriteByte(byte value) => Bytes.Add(value);
    }
}
