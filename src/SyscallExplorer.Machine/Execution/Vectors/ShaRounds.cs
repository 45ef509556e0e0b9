using System.Numerics;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>SHA1RNDS4, SHA1NEXTE, SHA1MSG1, SHA1MSG2, SHA256RNDS2, SHA256MSG1, SHA256MSG2. SDM vol. 2B, each under its name; FIPS 180-4.</summary>
internal static unsafe class ShaRounds
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Sha1rnds4_xmm_xmmm128_imm8, &Execute<FourRounds>);
        table.One(Code.Sha1nexte_xmm_xmmm128, &Execute<NextE>);
        table.One(Code.Sha1msg1_xmm_xmmm128, &Execute<Schedule1>);
        table.One(Code.Sha1msg2_xmm_xmmm128, &Execute<Schedule2>);
        table.One(Code.Sha256rnds2_xmm_xmmm128, &TwoRounds);
        table.One(Code.Sha256msg1_xmm_xmmm128, &Execute<Schedule256First>);
        table.One(Code.Sha256msg2_xmm_xmmm128, &Execute<Schedule256Second>);
    }

    private static Outcome Execute<TRule>(Processor cpu, Operation op) where TRule : struct, ILaneImmediateRule
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!ReadOperand(cpu, op, out Vector128<byte> right))
            return Outcome.Fault;
        cpu.SetXmm(op.Op0.Index, TRule.Apply(cpu.Xmm(op.Op0.Index), right, (byte)op.Immediate));
        return Outcome.Next;
    }

    /// <summary>Intel wants memory aligned as for other legacy SSE instructions; AMD's processors take it anywhere.</summary>
    private static bool ReadOperand(Processor cpu, Operation op, out Vector128<byte> value) =>
        cpu.Model.Vendor == CpuVendor.Amd ? cpu.ReadXmm(op, op.Op1, out value) : cpu.ReadAlignedXmm(op, op.Op1, out value);

    private static uint At(Vector128<byte> vector, int index) => vector.AsUInt32().GetElement(index);

    /// <summary>Doublewords 3 to 0, as the manual writes them.</summary>
    private static Vector128<byte> Words(uint third, uint second, uint first, uint zeroth) => Vector128.Create(zeroth, first, second, third).AsByte();

    private readonly struct FourRounds : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate)
        {
            (uint a, uint b, uint c, uint d, uint e) = (At(left, 3), At(left, 2), At(left, 1), At(left, 0), 0);
            for (int round = 0; round < 4; round++)
            {
                uint mixed = Mix(b, c, d, immediate & 3, out uint constant);
                uint next = mixed + BitOperations.RotateLeft(a, 5) + At(right, 3 - round) + e + constant;
                (a, b, c, d, e) = (next, a, BitOperations.RotateLeft(b, 30), c, d);
            }

            return Words(a, b, c, d);
        }

        private static uint Mix(uint b, uint c, uint d, int stage, out uint constant)
        {
            (uint mixed, constant) = stage switch
            {
                0 => ((b & c) ^ (~b & d), 0x5A82_7999u),
                1 => (b ^ c ^ d, 0x6ED9_EBA1u),
                2 => ((b & c) ^ (b & d) ^ (c & d), 0x8F1B_BCDCu),
                _ => (b ^ c ^ d, 0xCA62_C1D6u),
            };
            return mixed;
        }
    }

    private readonly struct NextE : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate) =>
            Words(At(right, 3) + BitOperations.RotateLeft(At(left, 3), 30), At(right, 2), At(right, 1), At(right, 0));
    }

    private readonly struct Schedule1 : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate) =>
            Words(At(left, 1) ^ At(left, 3), At(left, 0) ^ At(left, 2), At(right, 3) ^ At(left, 1), At(right, 2) ^ At(left, 0));
    }

    private readonly struct Schedule2 : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate)
        {
            uint w16 = BitOperations.RotateLeft(At(left, 3) ^ At(right, 2), 1);
            uint w17 = BitOperations.RotateLeft(At(left, 2) ^ At(right, 1), 1);
            uint w18 = BitOperations.RotateLeft(At(left, 1) ^ At(right, 0), 1);
            uint w19 = BitOperations.RotateLeft(At(left, 0) ^ w16, 1);
            return Words(w16, w17, w18, w19);
        }
    }

    /// <summary>SHA256RNDS2; XMM0 holds the message words with their constants added.</summary>
    private static Outcome TwoRounds(Processor cpu, Operation op)
    {
        if ((cpu.Ready & ExecutionUnits.Sse) == 0)
            return cpu.RaiseUnavailable(ExecutionUnits.Sse);
        if (!ReadOperand(cpu, op, out Vector128<byte> right))
            return Outcome.Fault;
        Vector128<byte> left = cpu.Xmm(op.Op0.Index);
        Vector128<byte> words = cpu.Xmm(0);
        (uint a, uint b, uint e, uint f) = (At(right, 3), At(right, 2), At(right, 1), At(right, 0));
        (uint c, uint d, uint g, uint h) = (At(left, 3), At(left, 2), At(left, 1), At(left, 0));
        for (int round = 0; round < 2; round++)
        {
            uint mixed = ((e & f) ^ (~e & g)) + Rotations(e, 6, 11, 25) + At(words, round) + h;
            uint sum = ((a & b) ^ (a & c) ^ (b & c)) + Rotations(a, 2, 13, 22);
            (a, b, c, d, e, f, g, h) = (mixed + sum, a, b, c, mixed + d, e, f, g);
        }

        cpu.SetXmm(op.Op0.Index, Words(a, b, e, f));
        return Outcome.Next;
    }

    private readonly struct Schedule256First : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate) => Words(
            At(left, 3) + Sigma(At(right, 0)), At(left, 2) + Sigma(At(left, 3)), At(left, 1) + Sigma(At(left, 2)), At(left, 0) + Sigma(At(left, 1)));

        private static uint Sigma(uint word) => BitOperations.RotateRight(word, 7) ^ BitOperations.RotateRight(word, 18) ^ (word >> 3);
    }

    private readonly struct Schedule256Second : ILaneImmediateRule
    {
        public static Vector128<byte> Apply(Vector128<byte> left, Vector128<byte> right, byte immediate)
        {
            uint w16 = At(left, 0) + Sigma(At(right, 2));
            uint w17 = At(left, 1) + Sigma(At(right, 3));
            return Words(At(left, 3) + Sigma(w17), At(left, 2) + Sigma(w16), w17, w16);
        }

        private static uint Sigma(uint word) => BitOperations.RotateRight(word, 17) ^ BitOperations.RotateRight(word, 19) ^ (word >> 10);
    }

    private static uint Rotations(uint word, int first, int second, int third) =>
        BitOperations.RotateRight(word, first) ^ BitOperations.RotateRight(word, second) ^ BitOperations.RotateRight(word, third);
}
